"""Collects figures of one run and prints them as a table."""

import os
import platform
from dataclasses import dataclass, field
from decimal import Decimal

import psycopg


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    figure: str
    ratio: str = ""
    bar: str = ""


@dataclass
class Table:
    title: str
    rows: list[Row] = field(default_factory=list)

    def add(self, what: str, figure: str, ratio: str = "", bar: str = "") -> None:
        self.rows.append(Row(what, figure, ratio, bar))
        print(f"  {what}: {figure} {ratio}", flush=True)

    def markdown(self) -> str:
        lines = [f"### {self.title}", "", "| what | measured | ratio | bar |", "|---|---|---|---|"]
        lines += [f"| {r.what} | {r.figure} | {r.ratio} | {r.bar} |" for r in self.rows]
        return "\n".join(lines)


def rate(count: int, seconds: Decimal) -> Decimal:
    return (Decimal(count) / seconds).quantize(Decimal(1))


def times(a: Decimal, b: Decimal) -> str:
    """How many times b is a."""
    return f"{(a / b).quantize(Decimal('0.01'))}x"


def per_second(value: Decimal) -> str:
    return f"{value:,.0f}/s"


def machine(url: str) -> str:
    """This machine's facts, in one line."""
    with psycopg.connect(url) as connection:
        version = connection.execute("SHOW server_version").fetchone()
    cpu = _cpu_model()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return (
        f"{os.cpu_count()} x {cpu}, {memory} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, PostgreSQL {version[0] if version else '?'}"
    )


def _cpu_model() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.machine()
