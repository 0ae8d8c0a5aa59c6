"""The ledger's posting function against pgbench's TPC-B, on one server in one run."""

import re
import subprocess
import tempfile
from decimal import Decimal
from pathlib import Path

import psycopg

from benchmarks import environment
from benchmarks.report import Table, per_second, times
from config import embedded

WALLETS = 100_000
SECONDS = 6
RUNS = 3
IN_ARRAY = 1_000
# The call of `wallets.services.post` for one transfer. Wallet and reference differ each time.
_TRANSFER = """\\set w random(1, {wallets})
\\set r random(1, 9000000000000000000)
SELECT outcome, transfer_id, created_at, available_after, owed_part FROM post_transfer(
    'house/cashier/deposits/EUR',
    'wallet/00000000-0000-7000-8000-' || lpad(:w::text, 12, '0') || '/available',
    1.00, 'EUR', 'deposit', 'benchmark/' || :r, NULL, NULL, '', '', '', false, false);
"""
# Its call for many, to as many wallets; the time in which the server builds the array counts.
_ARRAY = """\\set w random(1, {wallets})
\\set r random(1, 1000000000)
SELECT outcome, reference, transfer_id, created_at, available_after, owed_part
FROM post_transfers((
    SELECT jsonb_agg(jsonb_build_object(
        'source', 'house/cashier/deposits/EUR',
        'destination', 'wallet/00000000-0000-7000-8000-'
            || lpad((1 + (:w::int + n) % {wallets})::text, 12, '0') || '/available',
        'amount', '1.00', 'currency', 'EUR', 'kind', 'deposit',
        'reference', 'benchmark/' || :r::text || '/' || n))
    FROM generate_series(1, {in_array}) n));
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
    with tempfile.TemporaryDirectory() as folder:
        one = _script(Path(folder, "one.sql"), _TRANSFER)
        many = _script(Path(folder, "many.sql"), _ARRAY)
        for clients, who in ((1, "1 client"), (8, "8 clients")):
            a, b = _alternate(database, clients, one)
            table.add(f"TPC-B, {who}", per_second(a))
            bar = ">= 1.5x, aim 2.0x" if clients == 8 else ""
            table.add(f"post_transfer, {who}", per_second(b), times(b, a), bar)
        # Last, for what it leaves to the autovacuum would slow the others down.
        a, b = _alternate(database, 8, many)
        what = f"post_transfers, arrays of {IN_ARRAY:,}, 8 clients"
        table.add("TPC-B, 8 clients, in turn with arrays", per_second(a))
        table.add(what, per_second(b * IN_ARRAY), times(b * IN_ARRAY, a))
    return table


def _script(path: Path, text: str) -> tuple[str, str]:
    path.write_text(text.format(wallets=WALLETS, in_array=IN_ARRAY))
    return "-f", str(path)


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


def _alternate(database: str, clients: int, script: tuple[str, str]) -> tuple[Decimal, Decimal]:
    """TPC-B and the script in turn, so that a slow minute of the machine strikes both."""
    kinds = (_Rate(database, clients, "-b", "tpcb-like"), _Rate(database, clients, *script))
    rounds = [[kind() for kind in kinds] for _ in range(RUNS)]
    first, second = (sorted(figures)[RUNS // 2] for figures in zip(*rounds, strict=True))
    return first, second


def _pgbench(database: str, *arguments: str) -> str:
    program = str(embedded.binary("pgbench"))
    server = environment.url(database)
    done = subprocess.run(
        [program, *arguments, server], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout
