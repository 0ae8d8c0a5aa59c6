"""One delivery: what came, what became of it, and who had it processed again."""

from django.http import HttpRequest
from django.urls import reverse

from bets.admin import values
from bets.models import Coupon
from config.staff.display import NOTHING, Tone, badge, code, link, moment, moment_text, pretty
from config.staff.history import done_by_staff
from config.staff.page import Column, Facts, Page, Section, Summary, Table, Text
from webhooks import queries
from webhooks.models import Delivery, DeliveryEffect, DeliveryStatus

_EFFECTS_SHOWN = 200
_STATUS_TONES = {
    DeliveryStatus.RECEIVED: Tone.WAITING,
    DeliveryStatus.PROCESSED: Tone.GOOD,
    DeliveryStatus.FAILED: Tone.WAITING,
    DeliveryStatus.PARKED: Tone.ALERT,
    DeliveryStatus.REFUSED: Tone.PLAIN,
}
_EFFECT_TONES = {
    "applied": Tone.GOOD,
    "repeated": Tone.PLAIN,
    "orphan": Tone.ALERT,
    "flagged": Tone.ALERT,
    "conflict": Tone.ALERT,
}


def status_badge(delivery: Delivery) -> object:
    return badge(delivery.get_status_display(), _STATUS_TONES[DeliveryStatus(delivery.status)])


def effect_badge(effect: str) -> object:
    return badge(effect, _EFFECT_TONES.get(effect, Tone.PLAIN))


def delivery_link(delivery: Delivery) -> object:
    url = reverse("admin:webhooks_delivery_change", args=[delivery.pk])
    return link(moment_text(delivery.received_at, seconds=True), url)


def delivery_page(request: HttpRequest, delivery: Delivery) -> Page:
    return Page(
        title=f"{delivery.route} from {delivery.account.code}",
        summary=_summary(delivery),
        side_by_side=[_facts(request, delivery), _outcome(delivery)],
        sections=[
            _effects(delivery),
            *_raw(request, delivery),
            _replays(delivery),
            done_by_staff(delivery),
        ],
    )


def _summary(delivery: Delivery) -> Summary:
    tone = _STATUS_TONES[DeliveryStatus(delivery.status)]
    return Summary(headline=_headline(delivery), detail=_error(delivery), tone=tone)


def _headline(delivery: Delivery) -> str:
    tried = f"after {delivery.attempts} attempt{'s' if delivery.attempts != 1 else ''}"
    told = {
        DeliveryStatus.RECEIVED: "Received; it waits to be processed.",
        DeliveryStatus.PROCESSED: f"Processed on {moment_text(delivery.processed_at)}.",
        DeliveryStatus.FAILED: (
            f"It failed {tried}; the next is at {moment_text(delivery.next_attempt_at)}."
        ),
        DeliveryStatus.PARKED: f"Parked {tried}: nobody tries again until you replay it.",
        DeliveryStatus.REFUSED: f"Refused at the door with {delivery.response_status}.",
    }
    return told[DeliveryStatus(delivery.status)]


def _error(delivery: Delivery) -> str:
    where = f" ({delivery.error_field})" if delivery.error_field else ""
    return f"{delivery.error}{where}" if delivery.error else delivery.error_code


def _facts(request: HttpRequest, delivery: Delivery) -> Facts:
    return Facts(
        title="Delivery",
        rows=[
            ("Received", moment(delivery.received_at)),
            ("Provider account", values.account_link(request, delivery.account)),
            ("Request", code(f"{delivery.method} {delivery.route}")),
            ("From", delivery.remote_ip or NOTHING),
            ("Id", code(str(delivery.pk))),
        ],
    )


def _outcome(delivery: Delivery) -> Facts:
    return Facts(
        title="Outcome",
        rows=[
            ("State", status_badge(delivery)),
            ("Answered with", str(delivery.response_status or NOTHING)),
            ("Processed", moment(delivery.processed_at)),
            ("Attempts", str(delivery.attempts)),
            ("Error", delivery.error_code or NOTHING),
            ("Fields we do not know", ", ".join(map(str, delivery.unknown_fields)) or NOTHING),
        ],
    )


def _effects(delivery: Delivery) -> Table:
    found = delivery.effects.select_related("coupon").order_by("position")[:_EFFECTS_SHOWN]
    return Table(
        title="What it did",
        columns=[Column("#"), Column("Bet"), Column("Effect"), Column("Coupon"), Column("Why")],
        rows=[
            (
                str(effect.position + 1),
                code(effect.reference),
                effect_badge(effect.effect),
                values.coupon_link(effect.coupon) if effect.coupon else NOTHING,
                effect.message or effect.code.replace("_", " ") or NOTHING,
            )
            for effect in found
        ],
        empty="Nothing yet.",
    )


def _raw(request: HttpRequest, delivery: Delivery) -> list[Section]:
    """The bytes name players; they are for those who may see names."""
    if not values.may_see_names(request):
        return []
    headers = "\n".join(f"{name}: {value}" for name, value in sorted(delivery.headers.items()))
    return [
        Text(title="Body", text=_readable(delivery.body)),
        Text(title="Headers, secrets removed", text=headers),
        Text(title="Our answer", text=_readable(delivery.response_body)),
    ]


def _readable(body: bytes | memoryview | None) -> str:
    return pretty(bytes(body or b"").decode("utf-8", errors="backslashreplace"))


def _replays(delivery: Delivery) -> Table:
    return Table(
        title="Replays",
        columns=[Column("When"), Column("Who"), Column("What came of it")],
        rows=[
            (moment(replay.created_at), replay.actor.removeprefix("staff:"), replay.outcome)
            for replay in delivery.replays.order_by("-id")[:50]
        ],
        empty="It was not replayed.",
    )


def deliveries_of_coupon(request: HttpRequest, coupon: Coupon) -> Table:
    """The section of a coupon's page."""
    effects: list[DeliveryEffect] = []
    if request.user.has_perm("webhooks.view_delivery"):
        effects = list(queries.effects_of_coupon(coupon_id=coupon.pk)[:_EFFECTS_SHOWN])
    return Table(
        title="Deliveries of the provider",
        columns=[Column("Received"), Column("Request"), Column("State"), Column("Effect")],
        rows=[
            (
                delivery_link(effect.delivery),
                code(f"{effect.delivery.method} {effect.delivery.route}"),
                status_badge(effect.delivery),
                effect_badge(effect.effect),
            )
            for effect in effects
        ],
        empty="The provider has sent nothing about this coupon yet.",
    )
