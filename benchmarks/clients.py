"""The clients of providers: what a call costs above bare `requests`, and how fast they read."""

import importlib.util
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import requests

from benchmarks import echo
from benchmarks.report import Table, times

BLOCKS = 10
CALLS = 200
HEADS = 1_000
EVENTS = 2_000
RUNNERS, DEPTH = 200, 3
_READINGS = 15
_BODY = {
    "list_bets": ["line#586464528|17|954|2.5#4.27"],
    "realAmount": "2",
    "betCode": "x9c",
    "userId": "player-1",
}


def run() -> list[Table]:
    """Needs a migrated database as the default one."""
    return [_overhead(), _reading()]


# --- the call -----------------------------------------------------------------------------------


def _overhead() -> Table:
    """A call with its log, its breaker and its redaction, and one by a plain session, in turn."""
    table = Table("A call to a provider, against bare requests")
    with echo.running() as url:
        bare, ours, limited = _bare(url), _ours(url, "plain"), _ours(url, "limited", rate="9999")
        kinds = (bare, ours, limited)
        for kind in kinds:
            _each(kind, 50)
        taken: dict[Callable[[], None], list[int]] = {kind: [] for kind in kinds}
        for _ in range(BLOCKS):
            for kind in kinds:
                taken[kind] += _each(kind, CALLS)
    for what, share in (("median", 2), ("fastest tenth", 10)):
        base, mine, held = (_at(taken[kind], share) for kind in kinds)
        bar = "< 0.5 ms above" if share == 2 else ""
        table.add(f"requests.Session, {what}", _ms(base))
        table.add(f"Transport.call and conclude, {what}", _ms(mine), f"+{_ms(mine - base)}", bar)
        table.add(f"the same with a rate limit, {what}", _ms(held), f"+{_ms(held - base)}")
    return table


def _bare(url: str) -> Callable[[], None]:
    session = requests.Session()

    def call() -> None:
        session.post(f"{url}/place", json=_BODY, timeout=(5, 10)).json()

    return call


def _ours(url: str, code: str, *, rate: str = "") -> Callable[[], None]:
    from providers import services  # noqa: PLC0415
    from providers.models import CallOutcome  # noqa: PLC0415
    from providers.transport import Call, conclude, transport  # noqa: PLC0415

    account = services.save_account(
        code=code,
        provider="betcalc",
        base_url=url,
        settings={"rate_per_s": rate},
        secrets={"login": "operator-login", "password": "operator-password"},
    )

    def call() -> None:
        answer = transport.call(
            Call(
                account=account,
                operation="place",
                method="POST",
                url=f"{url}/place",
                json=_BODY,
                cookies={"sid": "0123456789abcdef"},
                deadline_s=10,
            )
        )
        json.loads(answer.body)
        conclude(call_id=answer.call_id, outcome=CallOutcome.ACCEPTED)

    return call


# --- reading ------------------------------------------------------------------------------------


def _reading() -> Table:
    table = Table("Reading what providers send, from bytes to our values")
    heads = _at(_each(_betcalc_result(), _READINGS), 2)
    table.add(f"betcalc result of {HEADS:,} heads", _ms(heads), bar="< 20 ms")
    menu = _at(_each(_betflag_menu(), _READINGS), 2)
    table.add(f"betflag menu of {EVENTS:,} events", _ms(menu), bar="< 100 ms")
    what = f"{RUNNERS} selections, {DEPTH} prices a side"
    mine = _at(_each(_betflag_book(), _READINGS), 2)
    table.add(f"betflag book of {what}", _ms(mine))
    theirs = _betfair_book()
    if theirs is None:
        table.add("betfairlightweight", "not installed")
        return table
    other = _at(_each(theirs, _READINGS), 2)
    table.add(f"betfairlightweight MarketBook of {what}", _ms(other), times(other, mine))
    return table


def _betcalc_result() -> Callable[[], object]:
    from providers.betcalc import protocol  # noqa: PLC0415
    from providers.contract import Inbound  # noqa: PLC0415

    head = {"Status": 2, "ExtStatus": 0, "AmountOut": "19.85", "DateReceive": "1592937968"}
    heads = [{"KeyHead": {"Id": str(n), "BarCode": f"{n:09d}"}, **head} for n in range(HEADS)]
    request = Inbound(
        path=protocol.RESULT_PATH,
        method="POST",
        headers={"content-type": "application/json"},
        query="",
        body=json.dumps({"remote_host": "https://slipdesk.example", "Heads": heads}).encode(),
        remote_ip="203.0.113.7",
        received_at=datetime.now(UTC),
    )
    mode = protocol.AmountMode.read("real")
    read = protocol.parse_results(request, mode=mode, return_statuses=frozenset())
    assert len(read.commands) == HEADS
    return lambda: protocol.parse_results(request, mode=mode, return_statuses=frozenset())


def _betflag_menu() -> Callable[[], object]:
    from providers.betflag.protocol import answers, navigation, operations  # noqa: PLC0415
    from providers.betflag.protocol.reading import Notes  # noqa: PLC0415

    outcomes = [{"id": n, "de": label} for n, label in enumerate("1X2", start=1)]
    events = [
        {
            "id": n,
            "da": f"Lazio {n} - Verona",
            "dt": "2026-12-12T20:45:00",
            "s": [{"id": n, "ds": "ESITO FINALE 1X2", "e": outcomes, "iad": 0}],
        }
        for n in range(1, EVENTS + 1)
    ]
    body = json.dumps({"d": [{"ds": "CALCIO", "n": [{"m": [{"dm": "Serie A", "a": events}]}]}]})

    def read() -> object:
        notes = Notes()
        found = answers.judged(operations.MENU, status=200, body=body.encode(), notes=notes)
        return navigation.read_menu(found, notes)

    assert len(read()) == EVENTS  # type: ignore[arg-type]
    return read


def _betflag_book() -> Callable[[], object]:
    from providers.betflag.protocol import answers, operations  # noqa: PLC0415
    from providers.betflag.protocol.book import read_book  # noqa: PLC0415
    from providers.betflag.protocol.reading import Notes  # noqa: PLC0415

    def side() -> list[dict[str, Any]]:
        return [{"esi": [{"c": n, "d": str(n), "off": ladder(n)} for n in range(1, RUNNERS + 1)]}]

    def ladder(n: int) -> list[dict[str, int]]:
        return [{"i": 500 * p + 7 * n, "p": p, "q": 150 + p + n} for p in range(1, DEPTH + 1)]

    inside = {"banca": side(), "punta": side(), "versione": 7, "stato_betflag": 2, "stato_sogei": 2}
    body = json.dumps({"errore": "", "esito": 1024, "offerte": inside}).encode()

    def read() -> object:
        notes = Notes()
        found = answers.judged(operations.BOOK, status=200, body=body, notes=notes)
        return read_book(
            found, notes, market_id="1", depth=DEPTH, back_takes="banca", statuses={"2": "open"}
        )

    assert len(read().selections) == RUNNERS  # type: ignore[attr-defined]
    return read


def _betfair_book() -> Callable[[], object] | None:
    """The same number of selections and prices in Betfair's words, read by their own library."""
    if importlib.util.find_spec("betfairlightweight") is None:
        return None
    from betfairlightweight.resources.bettingresources import MarketBook  # noqa: PLC0415

    def prices(best: str) -> list[dict[str, Any]]:
        return [{"price": f"{best}{p}", "size": 5 * p} for p in range(1, DEPTH + 1)]

    runner = {
        "status": "ACTIVE", "handicap": 0, "adjustmentFactor": 1, "lastPriceTraded": 2,
        "totalMatched": 10,
        "ex": {
            "availableToBack": prices("1.5"), "availableToLay": prices("1.6"), "tradedVolume": [],
        },
    }  # fmt: skip
    body = json.dumps(
        {
            "marketId": "1.1", "status": "OPEN", "version": 7, "betDelay": 0, "inplay": False,
            "lastMatchTime": "2026-12-12T20:45:00.000Z",
            "runners": [{"selectionId": n, **runner} for n in range(1, RUNNERS + 1)],
        }
    ).encode()  # fmt: skip

    # Their library has no types.
    book: Any = MarketBook

    def read() -> object:
        return book(**json.loads(body))

    assert len(read().runners) == RUNNERS  # type: ignore[attr-defined]
    return read


# --- measuring ----------------------------------------------------------------------------------


def _each(do: Callable[[], object], turns: int) -> list[int]:
    """How many nanoseconds each turn took."""
    taken = []
    for _ in range(turns):
        started = time.perf_counter_ns()
        do()
        taken.append(time.perf_counter_ns() - started)
    return taken


def _at(taken: list[int], share: int) -> Decimal:
    """The time in milliseconds below which one in `share` turns stayed."""
    return Decimal(sorted(taken)[len(taken) // share]) / 1_000_000


def _ms(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.001'))} ms"
