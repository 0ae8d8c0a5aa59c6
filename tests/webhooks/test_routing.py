import pytest

from providers import registry
from providers.contract import Processing, Route
from tests.fakes.book import FakeBook
from webhooks import routing
from webhooks.routing import UnknownPath, WrongMethod


class Routed(FakeBook):
    name = "routed"
    routes = (
        Route(path="/", processing=Processing.STORE),
        Route(path="/api/result", processing=Processing.STORE, key_allowed=True),
        Route(path="/w/{player}/t", processing=Processing.ANSWER),
        Route(path="/w/{player}/t", processing=Processing.ANSWER, method="GET"),
        Route(path="/w/{player}/t/{id}", processing=Processing.ANSWER, method="GET"),
        Route(path="/a.b", processing=Processing.STORE),
    )


@pytest.fixture(autouse=True)
def routed(monkeypatch):
    monkeypatch.setitem(registry.PROVIDERS, "routed", "tests.webhooks.test_routing.Routed")
    registry.get.cache_clear()
    yield
    registry.get.cache_clear()


@pytest.mark.parametrize(
    ("path", "method", "route", "key", "params"),
    [
        ("/", "POST", "/", "", {}),
        ("/api/result", "POST", "/api/result", "", {}),
        ("/K-1/api/result", "POST", "/api/result", "K-1", {}),
        ("/w/7/t", "GET", "/w/{player}/t", "", {"player": "7"}),
        ("/w/7/t/x_0", "GET", "/w/{player}/t/{id}", "", {"player": "7", "id": "x_0"}),
        ("/w/ü%/t", "POST", "/w/{player}/t", "", {"player": "ü%"}),
    ],
)
def test_an_address_finds_its_route(path, method, route, key, params):
    found = routing.find("routed", path)
    chosen, named = found.of_method(method)
    assert (chosen.path, chosen.method, found.key, named) == (route, method, key, params)
    assert routing.params_of("routed", method=method, path=found.path) == params


@pytest.mark.parametrize(
    "path",
    ["/x", "/api/result/", "/a/b/api/result", "//api/result", f"/{'k' * 65}/api/result",
     "/K-1/a.b", "/aXb", "/w//t", "/w/7/t/", "/w/7/8/t", f"/w/{'7' * 200}/t"],
)  # fmt: skip
def test_any_other_address_is_unknown(path):
    with pytest.raises(UnknownPath):
        routing.find("routed", path).of_method("POST")


@pytest.mark.parametrize(
    ("path", "allowed"), [("/", "POST"), ("/w/7/t", "GET, POST"), ("/w/7/t/x", "GET")]
)
def test_another_method_names_those_that_are_allowed(path, allowed):
    with pytest.raises(WrongMethod) as refused:
        routing.find("routed", path).of_method("PUT")
    assert refused.value.allowed == allowed


def test_a_stored_path_that_is_no_route_any_more_has_no_params():
    assert routing.params_of("routed", method="POST", path="/gone") == {}
