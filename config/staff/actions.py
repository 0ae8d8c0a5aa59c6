"""What staff can do to one object: a button, a page that asks, one service call, a log entry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextareaWidget

from config.staff.display import Tone


class Refused(Exception):
    """It was not done. The message says why, to a member of staff; `field` is what they gave."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NoQuestions(forms.Form):
    """The button is all that is asked."""


class WithReason(forms.Form):
    reason = forms.CharField(
        max_length=500,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="It is kept in the history, with your name.",
    )


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, and when."""

    user: Any
    now: datetime

    @property
    def actor(self) -> str:
        return f"staff:{self.user.get_username()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was done, in a sentence. `secret` is shown on this one page and stored nowhere.

    `fact` is what the history keeps, where the message only makes sense to who did it just now.
    `gone` says that the object has no page any more.
    """

    message: str
    secret: str = ""
    details: tuple[tuple[str, object], ...] = ()
    ok: bool = True
    fact: str = ""
    gone: bool = False


def _always(_: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """`run` calls one service and raises `Refused` for what that service refuses.

    With `shows` the result is a page of its own instead of a message on the object's page.
    """

    name: str
    label: str
    permission: str
    explain: Callable[[Any], str]
    run: Callable[[Any, Mapping[str, Any], By], Done]
    form: Callable[..., forms.Form] = NoQuestions
    form_for: Callable[[Any], type[forms.Form]] | None = None
    offered: Callable[[Any], bool] = _always
    shows: bool = False
    tone: Tone = Tone.PLAIN

    def bound_form(self, target: Model, data: Any = None) -> forms.Form:
        form = self.form_for(target) if self.form_for else self.form
        return form(data)

    def allowed(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(self.permission))


def by(request: HttpRequest) -> By:
    return By(user=request.user, now=timezone.now())
