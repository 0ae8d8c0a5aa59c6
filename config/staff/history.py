"""What staff did to an object, from the admin's own log."""

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from config.staff.display import moment
from config.staff.page import Column, Table

_SHOWN = 20


def done_by_staff(target: Model) -> Table:
    """The newest entries, with who did it and what they said."""
    entries = (
        LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(target, for_concrete_model=False),
            object_id=str(target.pk),
        )
        .select_related("user")
        .order_by("-action_time")[:_SHOWN]
    )
    return Table(
        title="Done by staff",
        columns=[Column("When"), Column("Who"), Column("What")],
        rows=[
            (moment(entry.action_time), entry.user.get_username(), entry.get_change_message())
            for entry in entries
        ],
        empty="Nothing yet.",
    )
