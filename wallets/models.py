"""The ledger's tables. Only `wallets` writes them, and only through the SQL in `wallets/sql`.

Transfers and entries refer to accounts without a foreign key of the database: it would lock
the house account's row for each posting and make one queue of all of them. Accounts are never
deleted, `guards.sql` checks every inserted entry instead, and `verify_ledger` looks for orphans.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """What a transfer is for."""

    DEPOSIT = "deposit", _("deposit")
    WITHDRAWAL = "withdrawal", _("withdrawal")
    HOLD = "hold", _("hold")
    CAPTURE = "capture", _("capture")
    RELEASE = "release", _("release")
    PAYOUT = "payout", _("payout")
    REFUND = "refund", _("refund")
    REVERSAL = "reversal", _("reversal")
    CLAWBACK = "clawback", _("clawback")
    COLLECTION = "collection", _("collection")
    WRITE_OFF = "write_off", _("write-off")
    ADJUSTMENT = "adjustment", _("adjustment")
    STAKE = "stake", _("stake")
    VOID = "void", _("void")
    EXCISE = "excise", _("excise")
    WITHHOLDING = "withholding", _("withholding")


class AccountKind(models.TextChoices):
    AVAILABLE = "available", _("available")
    HELD = "held", _("held")
    OWED = "owed", _("owed")
    HOUSE = "house", _("house")


class AccountStatus(models.TextChoices):
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


class Amount(models.DecimalField):  # type: ignore[type-arg]
    """Money in major units."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_digits", 20)
        kwargs.setdefault("decimal_places", 4)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class Wallet(models.Model):
    """The money of one player in one currency: three accounts."""

    id = models.UUIDField(primary_key=True)
    currency = models.CharField(max_length=3)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.id} ({self.currency})"


class Account(models.Model):
    """Where money is. A wallet account carries its balance; a house account's is derived.

    Its rules are in `guards.sql`: a constraint is compiled anew at every update of a balance, so
    the one that judges balances is kept small, and what never changes is checked at the opening.
    """

    address = models.CharField(max_length=160, unique=True)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.PROTECT, null=True, related_name="accounts", db_index=False
    )
    kind = models.CharField(max_length=9, choices=AccountKind.choices)
    currency = models.CharField(max_length=3)
    balance = Amount(db_default=0)
    sequence = models.BigIntegerField(db_default=0)
    status = models.CharField(
        max_length=6, choices=AccountStatus.choices, db_default=AccountStatus.OPEN
    )
    created_at = models.DateTimeField(db_default=Now())
    posted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.address


class Transfer(models.Model):
    """An amount that moved from one account to another. Append-only."""

    source = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    destination = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    amount = Amount()
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    reference = models.CharField(max_length=220)
    coupon_id = models.UUIDField(null=True)
    effective_at = models.DateTimeField()
    created_at = models.DateTimeField()
    actor = models.TextField(db_default="")
    reason = models.TextField(db_default="")
    hold = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="outcomes",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(name="wallets_transfer_reference", fields=["reference"]),
            models.UniqueConstraint(
                name="wallets_hold_single_outcome",
                fields=["hold"],
                condition=Q(hold__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="wallets_transfer_coupon",
                fields=["coupon_id"],
                condition=Q(coupon_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class Entry(models.Model):
    """One side of a transfer. Append-only.

    Its id follows from the transfer's: 2n - 1 takes from the source, 2n gives to the
    destination. So the primary key allows two entries a transfer and finds them without
    another index. Wallet accounts' entries carry the running balance and a gapless sequence.
    """

    id = models.BigIntegerField(primary_key=True)
    transfer = models.ForeignKey(
        Transfer,
        on_delete=models.PROTECT,
        related_name="entries",
        db_constraint=False,
        db_index=False,
    )
    account = models.ForeignKey(
        Account,
        on_delete=models.PROTECT,
        related_name="entries",
        db_constraint=False,
        db_index=False,
    )
    amount = Amount()
    balance_after = Amount(null=True)
    sequence = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = [
            models.UniqueConstraint(
                name="wallets_entry_sequence",
                fields=["account", "sequence"],
                condition=Q(sequence__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="wallets_entry_of_house",
                fields=["account", "id"],
                condition=Q(sequence__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.amount}"


class Closure(models.Model):
    """The record that a wallet was closed. Append-only."""

    wallet = models.OneToOneField(Wallet, on_delete=models.PROTECT, related_name="closure")
    actor = models.TextField(db_default="")
    reason = models.TextField(db_default="")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.wallet_id)


class Seal(models.Model):
    """A link of the hash chain over everything up to and including these ids. Append-only.

    The digest covers the digest before it, this row, its snapshots, and every column of the
    transfers, entries, closures and newly opened accounts and wallets since the former seal.
    """

    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True)
    transfer_through = models.BigIntegerField()
    account_through = models.BigIntegerField()
    closure_through = models.BigIntegerField()
    transfers = models.BigIntegerField()
    entries = models.BigIntegerField()
    accounts = models.BigIntegerField()
    closures = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"seal {self.pk} through transfer {self.transfer_through}"


class Snapshot(models.Model):
    """The balance of a house account as a seal found it. Append-only.

    A seal takes one for each house account that has entries since its former snapshot.
    """

    seal = models.ForeignKey(Seal, on_delete=models.PROTECT, related_name="snapshots")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="snapshots", db_index=False
    )
    balance = Amount(max_digits=30)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="wallets_snapshot_account_seal", fields=["account", "seal"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.balance}"
