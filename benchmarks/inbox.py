"""betflex over HTTP: `/bets` against its own SQL and a no-op view, `/winners` by size."""

import json
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from benchmarks import environment, replay, server, traffic
from benchmarks.report import Table, per_second, times

if TYPE_CHECKING:
    from wallets.services import NewTransfer

PLAYERS = 4_000
CLIENTS = 8
BETS = 4_000
_SIZES = (1, 10, 100, 1_000)
_PER_SIZE = {1: 1_000, 10: 2_000, 100: 4_000, 1_000: 8_000}
_HOST = "127.0.0.1"
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
    table = Table(f"betflex /bets, {CLIENTS} connections")
    bodies = [_bets_body(n) for n in range(BETS)]
    alone = _sql_alone(base, callback, bodies)
    requests = [traffic.request(f"{callback}/bets", host=_HOST, body=body) for body in bodies]
    nothing = [traffic.request("/healthz", host=_HOST, method="GET")] * BETS

    def measure(port: int) -> tuple[traffic.Load, traffic.Load]:
        return traffic.send(port, _deal(nothing)), traffic.send(port, _deal(requests))

    noop, load = _on_copy(base, measure)
    half = load.per_second() / 2
    paced = _on_copy(base, lambda port: traffic.send(port, _deal(requests), per_second=half))
    table.add("a view that does nothing", per_second(noop.per_second()))
    table.add("the SQL of /bets alone", per_second(alone))
    ratio = times(load.per_second(), alone)
    table.add("/bets over HTTP", per_second(load.per_second()), f"{ratio} of its SQL", ">= 0.35")
    table.add("p99 of /bets at half of its peak", f"{paced.percentile_ms(99)} ms", "", "<= 25 ms")
    return table


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

        def measure(port: int, winners: list[bytes] = winners) -> traffic.Load:
            traffic.send(port, [bets])
            return traffic.send(port, [winners])

        load = _on_copy(base, measure)
        settled = (Decimal(len(uids)) / load.seconds).quantize(Decimal(1))
        single = single or settled
        bar = ">= 10x" if size == _SIZES[-1] else ""
        ratio = "" if size == 1 else f"{times(settled, single)} of one per call"
        table.add(f"{size:,} per call", per_second(settled), ratio, bar)
    return table


def _sql_alone(base: str, callback: str, bodies: Sequence[bytes]) -> Decimal:
    """How many requests' worth of SQL a second the server does without us around it."""
    from django.test import Client  # noqa: PLC0415

    client, recordings = Client(SERVER_NAME=_HOST), []
    for body in bodies:
        with replay.recorded() as statements:
            answer = client.post(f"{callback}/bets", body, content_type="application/json")
        if answer.status_code != 200:
            raise RuntimeError(answer.content)
        recordings.append(statements)
    _let_go()
    environment.create("slipdesk_bench_copy", template=f"{base}_seeded")
    seconds = replay.run(environment.url("slipdesk_bench_copy"), _deal(recordings))
    return (Decimal(len(bodies)) / seconds).quantize(Decimal(1))


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


def _chunks(uids: Sequence[int], size: int) -> list[Sequence[int]]:
    return [uids[n : n + size] for n in range(0, len(uids), size)]


def _let_go() -> None:
    """A database can be copied only while nobody is connected to it."""
    from django.db import connections  # noqa: PLC0415

    connections.close_all()
