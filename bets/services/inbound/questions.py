"""What a provider's server asks that changes nothing: who, how much, what became of it."""

from bets.models import Flag, FlagKind, Player, PlayerStatus, WalletTransaction
from bets.services.coupon.batch import Cause
from bets.services.inbound.wallet import moves as wallet_moves
from bets.services.players import identities, tokens
from providers.contract import (
    LONGEST_REFERENCE,
    Balance,
    Effect,
    Identify,
    Lookup,
    Outcome,
    PlayerFacts,
    Question,
    Reserve,
    Unfamiliar,
)
from providers.models import ProviderAccount
from wallets import queries as wallets
from wallets.currencies import check_amount
from wallets.services import LedgerError


def answer(*, account: ProviderAccount, question: Question, cause: Cause) -> Outcome:
    """Answer a question. One that cannot be answered is refused with the reason."""
    if isinstance(question, Identify):
        return _identify(account, question, cause)
    if isinstance(question, Balance):
        return _balance(account, question)
    return _look_up(account, question)


def _identify(account: ProviderAccount, question: Identify, cause: Cause) -> Outcome:
    player = tokens.resolve(account=account, token=question.token, now=cause.now)
    if player is None:
        return _refused(question.reference, "unknown_user", "The token stands for nobody.")
    return _facts(account, player, question.reference, language=question.language)


def _balance(account: ProviderAccount, question: Balance) -> Outcome:
    player = _player(account, question.player_uid)
    if player is None:
        return _unknown_user(question.reference, question.player_uid)
    asked = {currency.upper() for currency in question.currencies}
    if asked and player.currency not in asked:
        told = f"The wallet is in {player.currency}."
        return _refused(question.reference, "currency_mismatch", told)
    return _facts(account, player, question.reference)


def _facts(
    account: ProviderAccount, player: Player, reference: str, *, language: str = ""
) -> Outcome:
    facts = PlayerFacts(
        player_uid=identities.uid_of(account=account, player=player),
        currency=player.currency,
        available=wallets.balances([player.wallet_id])[player.wallet_id].available,
        language=language,
    )
    return Outcome(effect=Effect.ANSWERED, reference=reference, player=facts)


def _look_up(account: ProviderAccount, question: Lookup) -> Outcome:
    """A transaction is its own player's only. One that was refused is told with its code."""
    row = WalletTransaction.objects.filter(
        account=account,
        transaction_id=question.reference,
        player_uid=question.player_uid,
    ).first()
    if row is None:
        told = "No such transaction of this player."
        return _refused(question.reference, "unknown_transaction", told)
    return Outcome(
        effect=Effect.ANSWERED,
        reference=question.reference,
        coupon_id=row.coupon_id,
        code=row.code,
        message=row.message,
        move=wallet_moves.facts_of(row),
    )


def reserve(*, account: ProviderAccount, asked: Reserve) -> Outcome:
    """Say whether a player may reserve a bet that is paid later. No money moves.

    A stake that is held for the bet already is as good as one that is there to be spent.
    """
    player = _player(account, asked.player_uid)
    if player is None:
        return _unknown_user(asked.reference, asked.player_uid)
    refusal = _reserve_refusal(account, asked, player)
    if refusal is not None:
        return _refused(asked.reference, *refusal)
    return Outcome(effect=Effect.ANSWERED, reference=asked.reference)


def _reserve_refusal(
    account: ProviderAccount, asked: Reserve, player: Player
) -> tuple[str, str] | None:
    if not account.is_active:
        return "account_inactive", "The provider account is switched off."
    if player.status != PlayerStatus.ACTIVE:
        return "player_blocked", f"The player is {player.get_status_display()}."
    if asked.currency != player.currency:
        return "currency_mismatch", f"The wallet is in {player.currency}."
    try:
        check_amount(asked.amount, asked.currency)
    except LedgerError as error:
        return "invalid_amount", str(error)
    money = wallets.balances([player.wallet_id])[player.wallet_id]
    if asked.amount > max(money.available, money.held):
        return "insufficient_funds", "The wallet does not hold the stake."
    return None


def note_unfamiliar(*, account: ProviderAccount, message: Unfamiliar, cause: Cause) -> Outcome:
    """Show staff a message that the contract does not know, once for each reference.

    One that names nothing is shown once for what it says.
    """
    reference = (message.reference or message.detail)[:LONGEST_REFERENCE]
    of_message = {"kind": FlagKind.UNFAMILIAR, "account": account, "reference": reference}
    if not Flag.objects.filter(**of_message).exists():
        flag = Flag(**of_message, detail=message.detail, delivery_id=cause.delivery_id)
        Flag.objects.bulk_create([flag], ignore_conflicts=True)
    return Outcome(
        effect=Effect.FLAGGED,
        reference=message.reference,
        message=message.detail,
    )


def _player(account: ProviderAccount, uid: str) -> Player | None:
    return identities.players_by_uid(account=account, uids={uid}).get(uid)


def _unknown_user(reference: str, uid: str) -> Outcome:
    return _refused(reference, "unknown_user", f"No player goes by {uid!r}.")


def _refused(reference: str, code: str, message: str) -> Outcome:
    return Outcome(effect=Effect.REFUSED, reference=reference, code=code, message=message)
