"""betflex over HTTP: `/bets` against its own SQL and an empty view, `/winners` by size."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from benchmarks import environment, replay, server, traffic
from benchmarks.pace import Load
from benchmarks.report import Table, per_second, times

if TYPE_CHECKING:
    from wallets.services import NewTransfer

CLIENTS = 8
# What is compared takes turns, so that a slow minute of the machine strikes all of it. Of each
# round these are sent back to back, and these at half of the peak.
ROUNDS = 3
BETS, PACED = 1_000, 1_000
WARM_UP = 400
# Every bet is its player's first.
PLAYERS = WARM_UP + ROUNDS * (BETS + PACED)
_SIZES = (1, 10, 100, 1_000)
_PER_SIZE = {1: 1_000, 10: 2_000, 100: 4_000, 1_000: 8_000}
_HOST = "127.0.0.1"
_ALONE = "slipdesk_bench_alone"
_NOTHING = traffic.request("/healthz", host=_HOST, method="GET")


@dataclass(frozen=True, slots=True)
class _Round:
    """What is compared, measured one right after the other."""

    nothing: Load
    alone: Load
    bets: Load

    @classmethod
    def of(
        cls,
        port: int,
        share: Sequence[tuple[list[replay.Statement], bytes]],
        *,
        per_second: Decimal | None = None,
    ) -> "_Round":
        """`share` holds the statements and the bytes of each bet."""
        statements, requests = zip(*share, strict=True)
        return cls(
            nothing=traffic.send(port, _deal([_NOTHING] * len(share)), per_second=per_second),
            alone=replay.run(environment.url(_ALONE), _deal(statements), per_second=per_second),
            bets=traffic.send(port, _deal(requests), per_second=per_second),
        )


Item = TypeVar("Item")
Result = TypeVar("Result")


def run(base: str) -> list[Table]:
    """`base` is a migrated database; every measurement works on a fresh copy of it."""
    callback = _seed()
    _let_go()
    environment.create(f"{base}_seeded", template=base)
    return [_bets(base, callback), _winners(base, callback)]


def _seed() -> str:
    """One partner, one betflex account and players with money; gives the callback path."""
    from bets.models import Partner, PartnerAccess, Player  # noqa: PLC0415
    from bets.models.fields import new_id  # noqa: PLC0415
    from providers import services as providers  # noqa: PLC0415
    from wallets import services as wallets  # noqa: PLC0415

    partner = Partner.objects.create(code="bench", name="Bench")
    account = providers.save_account(code="betflex", provider="betflex")
    PartnerAccess.objects.create(partner=partner, account=account)
    ids = [new_id() for _ in range(PLAYERS)]
    wallets.open_wallets(currency="EUR", wallet_ids=ids)
    Player.objects.bulk_create(
        Player(partner=partner, external_id=str(n), username=f"p{n}", currency="EUR", wallet_id=i)
        for n, i in enumerate(ids)
    )
    wallets.post(transfers=[_deposit(wallet_id) for wallet_id in ids])
    base = providers.callback_base(account=account)
    return "/" + base.split("/", 3)[3]


def _deposit(wallet_id: UUID) -> "NewTransfer":
    from wallets.services import Kind, NewTransfer, Purpose, available, house  # noqa: PLC0415

    return NewTransfer(
        source=house(owner="bench", purpose=Purpose.DEPOSITS, currency="EUR"),
        destination=available(wallet_id),
        amount=Decimal("100000.00"),
        currency="EUR",
        kind=Kind.DEPOSIT,
        reference=f"bench/{wallet_id}",
    )


def _bets(base: str, callback: str) -> Table:
    table = Table(f"betflex /bets, {CLIENTS} connections, medians of {ROUNDS} rounds in turn")
    bodies = [_bets_body(n) for n in range(PLAYERS)]
    recordings = _recorded(callback, bodies[WARM_UP:])
    environment.create(_ALONE, template=f"{base}_seeded")
    requests = [traffic.request(f"{callback}/bets", host=_HOST, body=body) for body in bodies]
    pairs = list(zip(recordings, requests[WARM_UP:], strict=True))

    def measure(port: int) -> None:
        traffic.send(port, _deal(requests[:WARM_UP]))
        rounds = [_Round.of(port, share) for share in _rounds(pairs[: ROUNDS * BETS])]
        _add_peaks(table, rounds)
        half = median(each.bets.per_second() for each in rounds) / 2
        paced = [
            _Round.of(port, share, per_second=half) for share in _rounds(pairs[ROUNDS * BETS :])
        ]
        _add_latencies(table, paced, half)

    _on_copy(base, measure)
    return table


def _add_peaks(table: Table, rounds: Sequence[_Round]) -> None:
    table.add("an empty view", per_second(median(each.nothing.per_second() for each in rounds)))
    alone = per_second(median(each.alone.per_second() for each in rounds))
    table.add("the SQL of /bets alone", alone)
    ratio = median(each.bets.per_second() / each.alone.per_second() for each in rounds)
    bets = per_second(median(each.bets.per_second() for each in rounds))
    table.add("/bets over HTTP", bets, f"{ratio:.2f}x of its SQL", ">= 0.35")


def _add_latencies(table: Table, rounds: Sequence[_Round], half: Decimal) -> None:
    """At half of the peak of `/bets`. What the others wait for at the same rate is no doing of
    ours: the machine's, and the disk's."""
    for percent, bar in ((50, ""), (99, "<= 25 ms")):
        at = f"p{percent} at {half:.0f}/s"
        nothing = median(each.nothing.percentile_ms(percent) for each in rounds)
        alone = median(each.alone.percentile_ms(percent) for each in rounds)
        bets = median(each.bets.percentile_ms(percent) for each in rounds)
        table.add(f"{at}, an empty view", f"{nothing} ms")
        table.add(f"{at}, the SQL of /bets alone", f"{alone} ms")
        table.add(f"{at}, /bets over HTTP", f"{bets} ms", "", bar)


def _winners(base: str, callback: str) -> Table:
    table = Table("betflex /winners, one connection, bets settled per second")
    bets = [
        traffic.request(f"{callback}/bets", host=_HOST, body=_bets_body(*chunk))
        for chunk in _chunks(range(max(_PER_SIZE.values())), 500)
    ]
    single: Decimal | None = None
    for size in _SIZES:
        uids = range(_PER_SIZE[size])
        winners = [
            traffic.request(f"{callback}/winners", host=_HOST, body=_winners_body(chunk))
            for chunk in _chunks(uids, size)
        ]

        def measure(port: int, winners: list[bytes] = winners) -> Load:
            traffic.send(port, [bets])
            return traffic.send(port, [winners])

        load = _on_copy(base, measure)
        settled = (Decimal(len(uids)) / load.seconds).quantize(Decimal(1))
        single = single or settled
        bar = ">= 10x" if size == _SIZES[-1] else ""
        ratio = "" if size == 1 else f"{times(settled, single)} of one per call"
        table.add(f"{size:,} per call", per_second(settled), ratio, bar)
    return table


def _recorded(callback: str, bodies: Sequence[bytes]) -> list[list[replay.Statement]]:
    """The statements of each request."""
    from django.test import Client  # noqa: PLC0415

    client, recordings = Client(SERVER_NAME=_HOST), []
    for body in bodies:
        with replay.recorded() as statements:
            answer = client.post(f"{callback}/bets", body, content_type="application/json")
        if answer.status_code != 200:
            raise RuntimeError(answer.content)
        recordings.append(statements)
    _let_go()
    return recordings


def _on_copy(base: str, measure: Callable[[int], Result]) -> Result:
    """Measure the production server on a fresh copy of the seeded database."""
    environment.create("slipdesk_bench_copy", template=f"{base}_seeded")
    with server.running("slipdesk_bench_copy") as port:
        return measure(port)


def _bets_body(*uids: int) -> bytes:
    return json.dumps(
        {
            "bets": [
                {
                    "user": {"client": "bench", "uid": uid % PLAYERS, "ip": "192.0.2.1"},
                    "pool": {
                        "client": "bench",
                        "currency": "EUR",
                        "game": "betflex",
                        "uid": uid,
                        "overdraw": "20.00",
                    },
                    "bet": {"uid": uid, "amount": "10.00"},
                }
                for uid in uids
            ]
        }
    ).encode()


def _winners_body(uids: Iterable[int]) -> bytes:
    pool = {
        "client": "fanteam",
        "game": "betflex",
        "uid": 1,
        "currency": "EUR",
        "overdraw": "20.00",
        "cost": "10.00",
        "guaranteed": True,
    }
    bets = [
        {
            "user": {"client": "bench", "uid": str(uid % PLAYERS), "name": f"p{uid}"},
            "bet": {
                "uid": uid,
                "currency": "EUR",
                "amount": "10.00",
                "odds": 2,
                "rake": 0,
                "payout": "20.00",
                "base_payout": 20,
                "result": "won",
                "extra": {},
            },
        }
        for uid in uids
    ]
    return json.dumps({"pools": [{"pool": pool, "bets": bets}]}).encode()


def _deal(work: Sequence[Item]) -> list[Sequence[Item]]:
    return [work[n::CLIENTS] for n in range(CLIENTS)]


def _rounds(work: Sequence[Item]) -> list[Sequence[Item]]:
    return [work[n::ROUNDS] for n in range(ROUNDS)]


def _chunks(uids: Sequence[int], size: int) -> list[Sequence[int]]:
    return [uids[n : n + size] for n in range(0, len(uids), size)]


def _let_go() -> None:
    """A database can be copied only while nobody is connected to it."""
    from django.db import connections  # noqa: PLC0415

    connections.close_all()
