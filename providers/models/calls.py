"""The log of calls to providers."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

from providers.models.accounts import ProviderAccount


class CallOutcome(models.TextChoices):
    """What a call came to. `unknown` stands from the first byte until something else is known."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    NOT_SENT = "not_sent"
    OK = "ok"
    ERROR = "error"


class CallFailure(models.TextChoices):
    """Why a call brought no usable answer. The first three count against the provider."""

    NOT_SENT = "not_sent"
    LOST = "lost"
    SERVER_ERROR = "server_error"
    UNREADABLE = "unreadable"
    WITHHELD = "withheld"


# The provider was not there. What we could not read and what we held back ourselves says nothing.
COUNTED_FAILURES = (CallFailure.NOT_SENT, CallFailure.LOST, CallFailure.SERVER_ERROR)


class OneOf(models.Func):
    """Whether a column has one of these values, as a constraint of a table that is written often.

    The list that `IN` becomes is put together anew for each row that is written.
    """

    arg_joiner = " = ANY ("
    template = "(%(expressions)s))"
    output_field = models.BooleanField()

    def __init__(self, column: str, *values: str) -> None:
        listed = ",".join(f'"{value}"' for value in values)
        super().__init__(models.F(column), models.Value(f"{{{listed}}}"))


class ProviderCall(models.Model):
    """One call to a provider, redacted. Written before the first byte leaves.

    The subject is what the call was about, by kind and id, as `coupon`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    account = models.ForeignKey(
        ProviderAccount, on_delete=models.PROTECT, related_name="calls", db_index=False
    )
    operation = models.CharField(max_length=50)
    subject_kind = models.CharField(max_length=50, blank=True)
    subject_id = models.UUIDField(null=True, blank=True)
    method = models.CharField(max_length=10)
    url = models.TextField()
    request = models.TextField(blank=True)
    response = models.TextField(blank=True)
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    outcome = models.CharField(
        max_length=10, choices=CallOutcome.choices, default=CallOutcome.UNKNOWN
    )
    failure = models.CharField(
        max_length=12, choices=CallFailure.choices, blank=True, default="", db_default=""
    )
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(
                name="provider_call_about",
                fields=("subject_id", "id"),
                condition=Q(subject_id__isnull=False),
            ),
            models.Index(name="provider_call_account", fields=("account", "id")),
            models.Index(name="provider_call_operation", fields=("operation", "id")),
            models.Index(
                name="provider_call_by_outcome",
                fields=("outcome", "id"),
                condition=~Q(outcome__in=(CallOutcome.OK, CallOutcome.ACCEPTED)),
            ),
            models.Index(
                name="provider_call_failed",
                fields=("account", "id"),
                condition=Q(failure__in=COUNTED_FAILURES),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="provider_call_outcome", condition=OneOf("outcome", *CallOutcome.values)
            ),
            models.CheckConstraint(
                name="provider_call_failure", condition=OneOf("failure", "", *CallFailure.values)
            ),
            models.CheckConstraint(
                name="provider_call_subject_whole",
                condition=Q(subject_kind="", subject_id=None)
                | (~Q(subject_kind="") & Q(subject_id__isnull=False)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.operation} {self.outcome}"
