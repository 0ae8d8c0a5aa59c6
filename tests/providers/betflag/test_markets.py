"""Menus and books: many readers, one call."""

import threading
import time

import pytest
from django.db import connections

from providers.betflag.client import Betflag
from providers.cache import Cache
from providers.contract import (
    Menu,
    ReadRefused,
)
from tests.factories.betflag import build_menu, make_exchange
from tests.providers.betflag.asked import (
    MARKET,
    answer,
)
from tests.providers.scripted import reply

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_many_readers_of_one_book_cause_one_call(server, betflag):
    account = make_exchange(server.url, book_cache_s="30")

    def slowly(connection):
        time.sleep(0.2)
        return answer("book")(connection)

    server.on("GET /offers/market/813016,3", slowly)
    books = []

    def read():
        try:
            books.append(betflag.book(account, MARKET, depth=3, deadline_s=10))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=read) for _ in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    again = Betflag(cache=Cache()).book(account, MARKET, depth=3, deadline_s=10)

    assert len(server.requests("GET /offers/market/813016,3")) == 1
    assert len(books) == 25
    assert all(book == again for book in books)


def test_depths_and_markets_and_accounts_are_kept_apart(server, betflag):
    first, second = (make_exchange(server.url, book_cache_s="30") for _ in range(2))
    paths = [f"GET /offers/market/{market}" for market in ("813016,1", "813016,2", "813017,1")]
    for path in paths:
        server.on(path, answer("book"))

    for account in (first, second):
        for market, depth in ((MARKET, 1), (MARKET, 2), ("813017", 1)):
            betflag.book(account, market, depth=depth, deadline_s=5)
            betflag.book(account, market, depth=depth, deadline_s=5)

    assert [len(server.requests(path)) for path in paths] == [2, 2, 2]


def test_menus_are_kept_for_their_time(server, betflag):
    account = make_exchange(server.url, menu_cache_s="1.5")
    server.on("GET /navigation/menu-ex", reply(build_menu(3)))

    for _ in range(3):
        assert len(betflag.events(account, Menu.ALL, deadline_s=5)) == 3
    time.sleep(1.6)
    betflag.events(account, Menu.ALL, deadline_s=5)

    assert len(server.requests("GET /navigation/menu-ex")) == 2


def test_what_failed_is_asked_again(server, betflag):
    account = make_exchange(server.url, menu_cache_s="30")
    server.on("GET /navigation/menu-ex", reply("", status=502), reply(build_menu(3)))

    with pytest.raises(ReadRefused):
        betflag.events(account, Menu.ALL, deadline_s=5)

    assert len(betflag.events(account, Menu.ALL, deadline_s=5)) == 3
