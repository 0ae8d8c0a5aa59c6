"""The ledger's posting function against pgbench's TPC-B, on one server in one run."""

import re
import subprocess
import tempfile
from decimal import Decimal
from pathlib import Path

import psycopg

from benchmarks import environment
from benchmarks.report import Table, median, per_second, times
from config import embedded

WALLETS = 100_000
SECONDS = 6
RUNS = 3
_TRANSFER = """\\set w random(1, {wallets})
SELECT * FROM post_transfers(jsonb_build_array(jsonb_build_object(
    'source', 'house/cashier/deposits/EUR',
    'destination', 'wallet/00000000-0000-7000-8000-' || lpad(:w::text, 12, '0') || '/available',
    'amount', '1.00', 'currency', 'EUR', 'kind', 'deposit',
    'reference', gen_random_uuid()::text)));
"""
_WALLETS = """SELECT open_wallets(
    ARRAY(SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid
          FROM generate_series(1, %s) n), 'EUR')"""


def run(database: str) -> Table:
    """Post one transfer at a time from one shared house account to cold wallets."""
    table = Table("Posting one transfer, against pgbench TPC-B")
    _pgbench(database, "-i", "-s", "10", "-q")
    with psycopg.connect(environment.url(database), autocommit=True) as connection:
        connection.execute(_WALLETS, [WALLETS])
        connection.execute("VACUUM ANALYZE")
    for clients in (1, 8):
        tpcb = _Rate(database, clients, "-b", "tpcb-like")
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "post.sql")
            script.write_text(_TRANSFER.format(wallets=WALLETS))
            post = _Rate(database, clients, "-f", str(script))
            a, b = _alternate(tpcb, post)
        who = "1 client" if clients == 1 else f"{clients} clients"
        table.add(f"TPC-B, {who}", per_second(a))
        bar = ">= 1.5x, aim 2.0x" if clients == 8 else ""
        table.add(f"post_transfers, {who}", per_second(b), times(b, a), bar)
    return table


class _Rate:
    def __init__(self, database: str, clients: int, *script: str) -> None:
        self.database = database
        self.arguments = ("-n", "-M", "prepared", "-T", str(SECONDS), *script)
        self.clients = clients

    def __call__(self) -> Decimal:
        threads = min(self.clients, 2)
        out = _pgbench(self.database, *self.arguments, "-c", str(self.clients), "-j", str(threads))
        found = re.search(r"tps = ([\d.]+)", out)
        if not found or "number of failed transactions: 0" not in out:
            raise RuntimeError(out)
        return Decimal(found.group(1))


def _alternate(first: _Rate, second: _Rate) -> tuple[Decimal, Decimal]:
    """Run the two in turn, so that a slow minute of the machine strikes both."""
    pairs = [(first(), second()) for _ in range(RUNS)]
    figures = iter([pair[0] for pair in pairs])
    others = iter([pair[1] for pair in pairs])
    return median(lambda: next(figures), RUNS), median(lambda: next(others), RUNS)


def _pgbench(database: str, *arguments: str) -> str:
    program = str(embedded.binary("pgbench"))
    server = environment.url(database)
    done = subprocess.run(
        [program, *arguments, server], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout
