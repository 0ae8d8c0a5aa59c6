"""When requests are sent, and what a run of them measured."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

# When the first request of a paced run is due: by then every process is forked and connected.
_HEAD_START_NS = 300_000_000


@dataclass(frozen=True, slots=True)
class Load:
    """Seconds, and the latencies of all answers in microseconds."""

    seconds: Decimal
    latencies_us: list[int]

    def per_second(self) -> Decimal:
        return (Decimal(len(self.latencies_us)) / self.seconds).quantize(Decimal(1))

    def percentile_ms(self, percent: int) -> Decimal:
        ordered = sorted(self.latencies_us)
        rank = min(len(ordered) - 1, len(ordered) * percent // 100)
        return (Decimal(ordered[rank]) / 1000).quantize(Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class Pace:
    """When each request of one connection is due; back to back if it says nothing."""

    first_ns: int = 0
    pause_ns: int = 0

    def due(self, number: int) -> int:
        """Wait until request `number` is due; gives the moment from which its latency counts.

        Paced, that is the moment itself, so that one slow answer is seen in those behind it.
        """
        if not self.pause_ns:
            return time.perf_counter_ns()
        moment = self.first_ns + number * self.pause_ns
        left_ns = moment - time.perf_counter_ns()
        if left_ns > 0:
            time.sleep(left_ns / 10**9)
        return moment


def paces(connections: int, *, per_second: Decimal | None) -> Iterator[Pace]:
    """A pace for each connection. Their requests are due in turn, evenly in time: at once, they
    would only wait for one another."""
    step_ns = 0 if per_second is None else int(Decimal(10**9) / per_second)
    start = time.perf_counter_ns() + _HEAD_START_NS
    for n in range(connections):
        yield Pace(start + n * step_ns, step_ns * connections)


def total(shares: list[tuple[list[int], int]]) -> Load:
    """The latencies of all connections in microseconds, and the nanoseconds of the slowest."""
    latencies = [latency for share, _ in shares for latency in share]
    return Load(Decimal(max(took_ns for _, took_ns in shares)) / 10**9, latencies)
