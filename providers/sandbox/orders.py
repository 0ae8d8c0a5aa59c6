"""The orders that concern all providers, under `/_sandbox/`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, cast

from providers.sandbox.contract import SandboxProvider, Surroundings
from providers.sandbox.faults import EXPLAINED
from providers.sandbox.fields import fields_of
from providers.sandbox.messages import (
    TEXT_TYPE,
    BadOrderError,
    Handler,
    Reply,
    Request,
    Routes,
    json_reply,
)
from providers.sandbox.world import RESULTS, Offer, Result

PREFIX = "/_sandbox"
USUAL_LOG_LENGTH = "100"


class OrderDesk:
    """Takes orders from people and tests; each method's first line is its line in the index."""

    def __init__(self, around: Surroundings, providers: list[SandboxProvider]) -> None:
        self._around = around
        self._providers = providers

    @property
    def routes(self) -> Routes:
        """All orders, those of single providers included."""
        return {
            ("GET", f"{PREFIX}/"): self.index,
            ("GET", f"{PREFIX}/health"): self.health,
            ("GET", f"{PREFIX}/providers"): self.list_providers,
            ("GET", f"{PREFIX}/offer"): self.offer,
            ("POST", f"{PREFIX}/outcomes"): self.order_outcome,
            ("POST", f"{PREFIX}/settle_all"): self.settle_all,
            ("GET", f"{PREFIX}/settings"): self.show_settings,
            ("POST", f"{PREFIX}/settings"): self.change_settings,
            ("GET", f"{PREFIX}/faults"): self.list_faults,
            ("POST", f"{PREFIX}/faults"): self.order_fault,
            ("DELETE", f"{PREFIX}/faults"): self.clear_faults,
            ("GET", f"{PREFIX}/log"): self.log,
            ("GET", f"{PREFIX}/client_errors"): self.client_errors,
            **{
                (method, f"{PREFIX}/{provider.name}{path}"): handler
                for provider in self._providers
                for (method, path), handler in provider.order_routes.items()
            },
        }

    def index(self, request: Request) -> Reply:
        """This page."""
        lines = ["The provider sandbox. What it serves, and the orders it takes:", ""]
        for provider in self._providers:
            lines += [f"{provider.name}:", *_explained(provider.routes, f"/{provider.name}")]
            points = provider.fault_points.items()
            lines += [f"  faults at {point}: {', '.join(sorted(names))}" for point, names in points]
            lines.append("")
        lines += ["orders:", *_explained(self.routes, "")]
        return Reply(body="\n".join([*lines, ""]).encode(), content_type=TEXT_TYPE)

    def health(self, request: Request) -> Reply:
        """Whether the sandbox is up."""
        return json_reply({"status": "ok"})

    def list_providers(self, request: Request) -> Reply:
        """The providers, the faults that each understands, and the orders of each alone."""
        return json_reply({"providers": [_described(each) for each in self._providers]})

    def offer(self, request: Request) -> Reply:
        """Matches and selections that can be taken now, with their odds."""
        offers = self._around.world.offers(now=time.time())
        groups = groupby(offers, key=lambda offer: (offer.match_id, offer.is_live))
        return json_reply({"matches": [_match(list(group)) for _, group in groups]})

    def order_outcome(self, request: Request) -> Reply:
        """How a selection ends: {"match", "selection", "result": "won|lost|void|random"}."""
        fields = fields_of(request)
        match_id, code = fields.text("match"), fields.text("selection")
        result = fields.choice("result", (*RESULTS, "random"))
        fields.done()
        wanted = None if result == "random" else cast(Result, result)
        self._around.world.order_result(match_id, code, wanted)
        return json_reply({"match": match_id, "selection": code, "result": result})

    def settle_all(self, request: Request) -> Reply:
        """Settle everything that is open, now."""
        now = time.time()
        return json_reply(
            {"settled": {each.name: each.settle_all(now) for each in self._providers}}
        )

    def show_settings(self, request: Request) -> Reply:
        """How the sandbox runs."""
        options = self._around.options
        return json_reply(
            {
                "auto_settle": options.auto_settle,
                "match_seconds": options.match_s,
                "seed": options.seed,
                "allow_remote": options.allow_remote,
            }
        )

    def change_settings(self, request: Request) -> Reply:
        """Let coupons settle by themselves or only on order: {"auto_settle": true|false}."""
        fields = fields_of(request)
        auto_settle = fields.boolean("auto_settle")
        fields.done()
        self._around.options.auto_settle = auto_settle
        return self.show_settings(request)

    def order_fault(self, request: Request) -> Reply:
        """A fault: {"provider", "fault", "next": 1 | "rate": "0.05", "seconds"?, "code"?, ...}."""
        return json_reply({"ordered": asdict(self._around.faults.order(fields_of(request)))})

    def list_faults(self, request: Request) -> Reply:
        """The faults that are still to come."""
        return json_reply({"faults": self._around.faults.listed()})

    def clear_faults(self, request: Request) -> Reply:
        """Withdraw all faults."""
        return json_reply({"cleared": self._around.faults.clear()})

    def log(self, request: Request) -> Reply:
        """The last exchanges on the wire (?last=100)."""
        last = request.argument("last", USUAL_LOG_LENGTH)
        if not last.isdecimal() or int(last) < 1:
            raise BadOrderError("last", "is not a whole number from 1 on")
        return json_reply({"log": self._around.journal.last(int(last))})

    def client_errors(self, request: Request) -> Reply:
        """What clients sent that the documents do not allow."""
        return json_reply({"client_errors": self._around.journal.client_errors()})


def _described(provider: SandboxProvider) -> dict[str, Any]:
    return {
        "name": provider.name,
        "faults": {call: sorted(names) for call, names in provider.fault_points.items()},
        "explained": fault_words(provider),
        "codes": sorted(provider.reject_codes),
        "orders": [
            {"method": method, "path": f"/{provider.name}{path}", "explained": _first_line(handler)}
            for (method, path), handler in provider.order_routes.items()
        ],
    }


def fault_words(provider: SandboxProvider) -> dict[str, str]:
    """What each fault of a provider does, in a sentence."""
    words = {**EXPLAINED, **getattr(provider, "fault_words", {})}
    names = frozenset().union(*provider.fault_points.values())
    return {name: words[name] for name in sorted(names)}


def _explained(routes: Routes, prefix: str) -> Iterable[str]:
    for (method, path), handler in routes.items():
        yield f"  {method:6} {prefix}{path:34} {_first_line(handler)}"


def _first_line(handler: Handler) -> str:
    return (handler.__doc__ or "").strip().splitlines()[0]


def _match(offers: list[Offer]) -> dict[str, Any]:
    first = offers[0]
    phase = "live" if first.is_live else "line"
    return {
        "match": first.match_id,
        "name": first.match_name,
        "is_live": first.is_live,
        "starts": _time(first.starts_at),
        "ends": _time(first.ends_at),
        "selections": [
            {
                "selection": offer.code,
                "name": offer.name,
                "odds": offer.odds,
                "blocked": offer.blocked,
                "bet": f"{phase}#{offer.match_id}|{offer.code}#{offer.odds}",
            }
            for offer in offers
        ],
    }


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown_error(error: BadOrderError) -> Reply:
    """400, naming the field."""
    return replace(json_reply({"error": str(error), "field": error.field}), status=400)
