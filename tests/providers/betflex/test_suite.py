"""BetFlex against what every provider has to survive. It calls us and is never called."""

from providers.contract import Cancel, Debit, Settle
from tests.providers.suite.inbound import Callback, InboundSuite, Strange


class TestInbound(InboundSuite):
    provider = "betflex"
    callbacks = (
        Callback(name="bets", path="/bets", case="bets", commands=(Debit,), status=402),
        Callback(
            name="winners",
            path="/winners",
            case="winners",
            commands=(Settle,),
            status=404,
            closed=frozenset({"extra"}),
            stranges=(Strange(path="pools.0.bets.0.bet.result", value="half_won"),),
        ),
        Callback(
            name="cancel",
            path="/bets/cancel",
            case="bets_cancel",
            commands=(Cancel,),
            stranges=(Strange(path="pools.0.pool.status", value="postponed"),),
        ),
    )
