"""Judges bets as gr8's traders would: by what is on offer, by its odds and by the limits.

Source: documents/gr8.txt, the tables of error codes.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from providers.gr8.sandbox import offers, replies
from providers.gr8.sandbox.asked import GUID, AskedBet, AskedItem, FieldsError, read_bet
from providers.gr8.sandbox.bets import BetBook, TakenBet, TakenItem, TakenOutcome
from providers.gr8.sandbox.players import PlayerDesk
from providers.sandbox import wire
from providers.sandbox.contract import Surroundings
from providers.sandbox.faults import Fault
from providers.sandbox.grading import to_cents
from providers.sandbox.messages import Reply, Request
from providers.sandbox.world import Offer

USUAL_MOST = Decimal(5000)
LEAST_STAKE = Decimal("0.10")
# Overask begins here ("the minimum Overask amount ($100)").
LEAST_OVERASK = Decimal(100)
# How far ordered odds move, down so that only `Any` takes them.
MOVE = Decimal("0.10")
Remark = Callable[[str, str], None]


class RefusedError(Exception):
    """The bet is refused, and this is the answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("refused")
        self.reply = reply


class Counter:
    """Takes bets into the book. `most` is the highest stake of a player without multiplier."""

    def __init__(self, around: Surroundings, book: BetBook, players: PlayerDesk) -> None:
        self._around = around
        self._book = book
        self._players = players
        self.most = USUAL_MOST

    def take(self, request: Request, fault: Fault | None, remark: Remark) -> TakenBet | None:
        """A bet in the book, not accepted yet; None for the document's own request.

        Raises RefusedError or FieldsError.
        """
        asked = read_bet(request.body)
        if asked.data == replies.SAMPLE_REQUEST:
            return None
        self._remark(asked, remark)
        priced = self._priced(asked, moved=fault is not None and fault.fault == "odds_changed")
        self._check_amount(asked, request, over=fault is not None and fault.fault == "overask")
        bet = self._bet(asked, priced, request)
        if not self._book.open(bet):
            raise RefusedError(self.refusal(93, [], currency=bet.currency))
        return bet

    def quote(self, request: Request, remark: Remark) -> Reply:
        """The highest stake. Raises RefusedError or FieldsError."""
        asked = read_bet(request.body, quote=True)
        self._remark(asked, remark)
        self._priced(asked, moved=False, specific=replies.not_quoted)
        most = self._most(request)
        relative = self._players.multiplier(request.headers["x-player-id"])
        reason = "The player's multiplier" if relative != 1 else ""
        return replies.quoted(most, vip=relative > 1, reason=reason)

    def refusal(self, code: int, items: list[int], *, currency: str | None) -> Reply:
        """One of the documented refusals; those of single outcomes name items."""
        if code in replies.SPECIFIC_CODES and (items or code not in replies.COMMON_CODES):
            return replies.refused_for_items(code, items or [0])
        return replies.refused_for_all(
            code,
            currency=currency or "USD",
            most=replies.SAMPLE_MAX,
            overask=replies.SAMPLE_OVERASK,
        )

    def returnable(self, bet_id: str) -> TakenBet:
        """The bet that is to be returned. Raises FieldsError."""
        if not GUID.fullmatch(bet_id):
            raise FieldsError({"betId": ["The betId field is UUID."]})
        bet = self._book.find(bet_id)
        if bet is None or bet.status == "refused":
            raise FieldsError({"betId": ["The bet was not found."]})
        return bet

    def _remark(self, asked: AskedBet, remark: Remark) -> None:
        for reason in asked.remarks:
            remark(reason, wire.dumps(asked.data))

    def _priced(
        self,
        asked: AskedBet,
        *,
        moved: bool,
        specific: Callable[[int, list[int]], Reply] = replies.refused_for_items,
    ) -> list[tuple[AskedItem, list[Offer]]]:
        """Each item with what is on offer for it now."""
        now = time.time()
        priced = []
        for index, item in enumerate(asked.items):
            found = [
                self._offer(item, index, one.selection, now, specific) for one in item.outcomes
            ]
            if moved:
                found = [replace(offer, odds=max(offer.odds - MOVE, MOVE)) for offer in found]
            code = _odds_code(asked, item, found)
            if code:
                raise RefusedError(specific(code, [index]))
            priced.append((item, found))
        repeated = len({item.event_id for item, _ in priced}) < len(priced)
        if repeated:
            raise RefusedError(specific(29, list(range(len(priced)))))
        return priced

    def _offer(
        self,
        item: AskedItem,
        index: int,
        key: str,
        now: float,
        specific: Callable[[int, list[int]], Reply],
    ) -> Offer:
        try:
            offer = offers.find(self._around.world, item.event_id, key, now=now)
        except offers.UnknownEventError:
            raise RefusedError(specific(1000, [index])) from None
        except offers.UnknownKeyError:
            raise RefusedError(specific(1002, [index])) from None
        if offer.blocked:
            raise RefusedError(specific(5, [index]))
        return offer

    def _check_amount(self, asked: AskedBet, request: Request, *, over: bool) -> None:
        """The limits, and what becomes of a bet above them ("Overask")."""
        currency = request.headers["x-player-currency"]
        most = self._most(request) * asked.limit_relative
        if over:
            most = to_cents(asked.amount / 2)
        if asked.amount < LEAST_STAKE:
            raise RefusedError(self.refusal(21, [], currency=currency))
        if asked.amount <= most or asked.is_overask:
            return
        if asked.amount < LEAST_OVERASK:
            code = 37
        else:
            code = 38 if asked.amount - most < LEAST_OVERASK else 36
        raise RefusedError(
            replies.refused_for_all(code, currency=currency, most=most, overask=LEAST_OVERASK)
        )

    def _most(self, request: Request) -> Decimal:
        return to_cents(self.most * self._players.multiplier(request.headers["x-player-id"]))

    def _bet(
        self,
        asked: AskedBet,
        priced: list[tuple[AskedItem, list[Offer]]],
        request: Request,
    ) -> TakenBet:
        return TakenBet(
            bet_id=asked.bet_id or str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
            transaction_id=asked.transaction_id,
            player_id=request.headers["x-player-id"],
            operator_id=request.headers["x-operator-id"],
            currency=request.headers["x-player-currency"],
            amount=asked.amount,
            bet_type=asked.bet_type,
            system_size=asked.system_size,
            is_overask=asked.is_overask,
            channel=request.headers["x-channel"],
            items=[_taken(item, found) for item, found in priced],
            request=asked.data,
            taken_at=time.time(),
        )


def _odds_code(asked: AskedBet, item: AskedItem, found: list[Offer]) -> int:
    """0, or the code of odds that are not what the player agreed to."""
    fallen = any(offer.odds < one.odds for one, offer in zip(item.outcomes, found, strict=True))
    differ = any(offer.odds != one.odds for one, offer in zip(item.outcomes, found, strict=True))
    refused = {"None": differ, "Rise": fallen, "Any": False}[asked.odds_policy]
    if not refused:
        return 0
    return 97 if len(item.outcomes) > 1 else 3


def _taken(item: AskedItem, found: list[Offer]) -> TakenItem:
    """A single outcome at the odds of the moment; a bet builder at its own."""
    return TakenItem(
        odds=item.odds if len(found) > 1 else found[0].odds,
        keys=[one.selection for one in item.outcomes],
        outcomes=[TakenOutcome.taken(offer) for offer in found],
    )
