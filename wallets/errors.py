"""Why the ledger refuses. Each refusal leaves no trace and does not abort the transaction."""

from typing import ClassVar


class LedgerError(Exception):
    """The ledger refused; `code` says why and `reference` which transfer it was about."""

    code: ClassVar[str] = "ledger_error"

    def __init__(self, *, reference: str = "") -> None:
        self.reference = reference
        super().__init__(f"{self.code}: {reference}" if reference else self.code)


class InvalidAmount(LedgerError):
    """Zero, negative, not finite, not a Decimal, or more than the ledger can keep."""

    code = "invalid_amount"


class ExcessDecimals(LedgerError):
    """More decimals than the currency has."""

    code = "excess_decimals"


class UnknownCurrency(LedgerError):
    """Not the ISO 4217 code of a currency in use."""

    code = "unknown_currency"

    def __init__(self, *, reference: str = "", currency: str = "") -> None:
        self.currency = currency
        super().__init__(reference=reference)


class InvalidReference(LedgerError):
    """Empty, too long, or of the form that the ledger keeps for the parts of a transfer."""

    code = "invalid_reference"


class SameAccount(LedgerError):
    """Source and destination are the same account."""

    code = "same_account"


class UnknownAccount(LedgerError):
    """No account has this address."""

    code = "unknown_account"


class WrongCurrency(LedgerError):
    """An account is not kept in the transfer's currency."""

    code = "wrong_currency"


class WrongAccount(LedgerError):
    """The accounts do not fit the kind: only a hold fills `held`, only from `available`; an
    overflow starts and a collection ends at an `available` account."""

    code = "wrong_account"


class AccountClosed(LedgerError):
    """An account of the transfer is closed."""

    code = "account_closed"


class WalletNotEmpty(LedgerError):
    """A wallet is closed only when nothing is available, held or owed."""

    code = "wallet_not_empty"


class InsufficientFunds(LedgerError):
    """The account holds less than the posting takes from it."""

    code = "insufficient_funds"


class ExceedsDebt(LedgerError):
    """More was paid into `owed` than is owed."""

    code = "exceeds_debt"


class ReferenceConflict(LedgerError):
    """The reference was posted before with other content."""

    code = "reference_conflict"


class UnknownHold(LedgerError):
    """What is resolved is not a hold on this account for this amount, or none is named."""

    code = "unknown_hold"


class HoldAlreadyResolved(LedgerError):
    """The hold has had its single outcome, under another reference."""

    code = "hold_already_resolved"


BY_CODE: dict[str, type[LedgerError]] = {
    error.code: error
    for error in (
        InvalidAmount,
        ExcessDecimals,
        SameAccount,
        UnknownAccount,
        WrongCurrency,
        WrongAccount,
        AccountClosed,
        InsufficientFunds,
        ExceedsDebt,
        ReferenceConflict,
        UnknownHold,
        HoldAlreadyResolved,
    )
}
