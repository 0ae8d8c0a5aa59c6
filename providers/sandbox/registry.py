"""The providers that the sandbox simulates: one line each."""

from providers.betcalc.sandbox import BetcalcSandbox
from providers.betflex.sandbox import BetflexSandbox
from providers.sandbox.contract import SandboxProvider

PROVIDERS: tuple[type[SandboxProvider], ...] = (
    BetcalcSandbox,
    BetflexSandbox,
)
