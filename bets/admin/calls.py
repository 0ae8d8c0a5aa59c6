"""The calls to a provider as they stand on the page of what they are about."""

from collections.abc import Iterable
from uuid import UUID

from django.http import HttpRequest

from bets.admin import values
from bets.models import Coupon, ExchangeOrder, Player
from config.staff.display import NOTHING, Tone, badge, code, moment, pretty
from config.staff.page import Fold, Folds, Section, Text
from providers import failures
from providers.admin.calls import OTHER_SUBJECTS, SUBJECT_NAMES, operation_in_words
from providers.models import CallOutcome, ProviderCall

_TONES = {
    CallOutcome.ACCEPTED: Tone.GOOD,
    CallOutcome.OK: Tone.GOOD,
    CallOutcome.UNKNOWN: Tone.ALERT,
    CallOutcome.ERROR: Tone.ALERT,
}


def _code_of_coupon(coupon_id: UUID) -> str:
    return Coupon.objects.filter(pk=coupon_id).values_list("code", flat=True).first() or ""


def _id_of_player(player_id: UUID) -> str:
    """The partner's id, which those may see too who may not see names."""
    return Player.objects.filter(pk=player_id).values_list("external_id", flat=True).first() or ""


def _batch_of_order(order_id: UUID) -> Iterable[UUID]:
    """An order is placed together with others, by one call."""
    return ExchangeOrder.objects.filter(pk=order_id).values_list("batch_id", flat=True)


SUBJECT_NAMES["coupon"] = _code_of_coupon
SUBJECT_NAMES["player"] = _id_of_player
OTHER_SUBJECTS.append(_batch_of_order)


def calls_section(
    request: HttpRequest, calls: Iterable[ProviderCall], *, empty: str
) -> list[Section]:
    """Nothing for those who may not see calls."""
    if not request.user.has_perm("providers.view_providercall"):
        return []
    folds = [_call(request, call) for call in calls]
    return [Folds(title="Calls to the provider", folds=folds, empty=empty)]


def _call(request: HttpRequest, call: ProviderCall) -> Fold:
    status = str(call.response_status) if call.response_status else "no response"
    took = f"{call.duration_ms} ms" if call.duration_ms is not None else "not finished"
    tone = _TONES.get(CallOutcome(call.outcome), Tone.PLAIN)
    return Fold(
        line=[
            moment(call.created_at),
            operation_in_words(call),
            badge(call.get_outcome_display().replace("_", " "), tone),
            f"{status}, {took}",
            failures.words_of(call.error),
        ],
        facts=[("Address", code(f"{call.method} {call.url}")), ("Error", call.error or NOTHING)],
        texts=_bodies(request, call),
    )


def _bodies(request: HttpRequest, call: ProviderCall) -> list[Text]:
    """What was sent names the player; it is for those who may see names."""
    if not values.may_see_names(request):
        return []
    return [
        Text(title="Request, secrets removed", text=pretty(call.request)),
        Text(title="Response, secrets removed", text=pretty(call.response)),
    ]
