"""Transactions of a seamless wallet: the vendor moves a player's money, for a bet (gr8).

Every transaction is stored with its answer, and the same id gets the same answer again. A stake
takes the hold that was made at the placement; payouts and clawbacks add up to the bet's result; a
rollback gives the stake back, or sees to it that it is never taken. Only a payout for a bet that
we do not know leaves no transaction: its repeat is judged anew, once the bet is known.
"""

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal

from bets.models import Flag, FlagKind, Player, WalletTransaction
from bets.services.coupon import locks
from bets.services.coupon.batch import Cause
from bets.services.coupon.locks import Key
from bets.services.inbound.wallet import results, stakes
from bets.services.inbound.wallet.decisions import Call, Decision, flag_call, refuse
from bets.services.players import identities
from providers.contract import Effect, MoveFacts, MoveKind, Outcome, WalletMove
from providers.models import ProviderAccount
from wallets import queries as wallets
from wallets.currencies import check_amount, to_decimals
from wallets.services import LedgerError

_DECIDE = {
    MoveKind.STAKE: stakes.take,
    MoveKind.ROLLBACK: stakes.roll_back,
    MoveKind.PAYOUT: results.pay,
    MoveKind.CLAWBACK: results.claw_back,
}


_LONGEST_UID = 64


def carry_out(
    *, account: ProviderAccount, moves: Sequence[WalletMove], cause: Cause
) -> list[Outcome]:
    """Carry out transactions of a seamless wallet, each on its own, and say what became of each."""
    if not moves:
        return []
    keys = {key for move in moves for key in _keys(move)}
    locks.lock_references(account_id=account.pk, keys=keys)
    return [_carry_out(account, move, cause) for move in moves]


def facts_of(row: WalletTransaction) -> MoveFacts | None:
    """A stored transaction in the words of the contract; None if no amount could be kept."""
    if row.amount is None:
        return None
    available = Decimal(0) if row.available is None else row.available
    return MoveFacts(
        id=row.transaction_id,
        kind=MoveKind(row.kind),
        reference=row.reference,
        amount=to_decimals(row.amount, row.currency),
        currency=row.currency,
        created_at=row.created_at,
        available=to_decimals(available, row.currency),
    )


def content_digest(move: WalletMove) -> str:
    """What makes two requests under one id the same, however the numbers are written."""
    content = {
        **move.content,
        "kind": move.kind.value,
        "reference": move.reference,
        "player": move.player_uid,
        "amount": f"{move.amount.normalize():f}",
        "currency": move.currency,
        "parent": move.parent_id,
        "game": move.game,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _keys(move: WalletMove) -> list[Key]:
    """The bet, the transaction, and the one that is undone: a rollback may come beside it."""
    ids = [each for each in (move.id, move.parent_id) if each]
    return [(move.reference, move.game), *((f"transaction {each}", "") for each in ids)]


def _carry_out(account: ProviderAccount, move: WalletMove, cause: Cause) -> Outcome:
    known = WalletTransaction.objects.filter(account=account, transaction_id=move.id).first()
    if known is not None:
        return _again(known, move, cause)
    found = identities.players_by_uid(account=account, uids={move.player_uid})
    player = found.get(move.player_uid)
    call = Call(
        account=account,
        move=move,
        player=player,
        coupon=locks.lock_bet(account_id=account.pk, reference=move.reference, game=move.game),
        cause=cause,
    )
    decision = _decide(call)
    if decision.effect is Effect.ORPHAN:
        return _orphan(call, decision)
    row = _row(call, decision)
    row.save(force_insert=True)
    return _told(row, Effect(row.effect))


def _decide(call: Call) -> Decision:
    if call.move.kind is not MoveKind.ROLLBACK:
        refusal = _form_refusal(call)
        if refusal is not None:
            return refusal
    return _DECIDE[call.move.kind](call)


def _form_refusal(call: Call) -> Decision | None:
    """What can be refused without a look at the bet. A rollback has to come to an end instead."""
    move, player = call.move, call.player
    if player is None:
        return refuse(call, "unknown_user", f"No player goes by {move.player_uid!r}.")
    if move.currency != player.currency:
        return refuse(call, "currency_mismatch", f"The wallet is in {player.currency}.")
    if _kept_amount(move) is None or (move.kind is MoveKind.STAKE and not move.amount):
        return refuse(call, "invalid_amount", f"{move.amount} {move.currency} cannot be booked.")
    return None


def _kept_amount(move: WalletMove) -> Decimal | None:
    """The amount if the ledger can express it; zero moves nothing and may be."""
    try:
        if move.amount == 0 and move.amount.is_finite():
            return to_decimals(Decimal(0), move.currency)
        return check_amount(move.amount, move.currency)
    except LedgerError:
        return None


def _again(row: WalletTransaction, move: WalletMove, cause: Cause) -> Outcome:
    """The answer that an id got before. Other content under it is a conflict, for staff to see."""
    if row.digest == content_digest(move):
        applied = row.effect == Effect.APPLIED
        return _told(row, Effect.REPEATED if applied else Effect(row.effect))
    detail = f"{row.account.code} sent transaction {move.id} again with other content."
    flag = Flag(
        kind=FlagKind.CONFLICT,
        account_id=row.account_id,
        reference=move.id,
        detail=detail,
        delivery_id=cause.delivery_id,
    )
    Flag.objects.bulk_create([flag], ignore_conflicts=True)
    return Outcome(
        effect=Effect.CONFLICT, reference=move.reference, code="conflict", message=detail
    )


def _orphan(call: Call, decision: Decision) -> Outcome:
    flag_call(call, decision.message, kind=FlagKind.ORPHAN)
    return Outcome(
        effect=Effect.ORPHAN,
        reference=call.move.reference,
        code=decision.code,
        message=decision.message,
    )


def _row(call: Call, decision: Decision) -> WalletTransaction:
    move, coupon = call.move, decision.coupon
    amount, currency = decision.amount, coupon.currency if coupon else ""
    if amount is None:
        amount, currency = _kept_amount(move), move.currency[:3]
    return WalletTransaction(
        account=call.account,
        transaction_id=move.id,
        parent_id=move.parent_id,
        kind=move.kind,
        reference=move.reference,
        game=move.game,
        # One that is longer is nobody's.
        player_uid=move.player_uid[:_LONGEST_UID],
        player=call.player,
        coupon=coupon,
        amount=amount,
        currency=currency,
        digest=content_digest(move),
        effect=decision.effect,
        code=decision.code,
        message=decision.message,
        available=_available(call.player),
        delivery_id=call.cause.delivery_id,
        created_at=call.cause.now,
    )


def _available(player: Player | None) -> Decimal | None:
    """What is there now: if money moved, our transaction holds the lock on it."""
    if player is None:
        return None
    return wallets.balances([player.wallet_id])[player.wallet_id].available


def _told(row: WalletTransaction, effect: Effect) -> Outcome:
    return Outcome(
        effect=effect,
        reference=row.reference,
        coupon_id=row.coupon_id,
        code=row.code,
        message=row.message,
        move=facts_of(row),
    )
