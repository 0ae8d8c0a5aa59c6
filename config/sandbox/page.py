"""The page itself: GET shows what the sandbox does, POST gives it one order."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from config.roles import Role
from config.sandbox import desk
from config.sandbox.desk import OrderRefused, SandboxAway, View
from config.sandbox.forms import FaultForm, OutcomeForm, OwnOrderForm
from config.staff.display import code, moment
from config.staff.page import Column, Table

_LONGEST_SHOWN = 300
_LONGEST_STATUS = 60
_TOKEN = re.compile(r"(/webhooks/[^/\s]+/)[^/\s]+")


class NotUnderstood(Exception):
    """The form says what is wrong with it."""


def may_order(request: HttpRequest) -> bool:
    """In the demo: a superuser, or whoever trades."""
    if not (settings.DEMO and settings.SANDBOX_URL):
        return False
    user: Any = request.user
    return bool(
        user.is_active
        and user.is_staff
        and (user.is_superuser or user.groups.filter(name=Role.TRADER).exists())
    )


@require_http_methods(["GET", "HEAD", "POST"])
def sandbox_page(request: HttpRequest) -> HttpResponse:
    """404 outside the demo, 403 for whoever may not."""
    if not (settings.DEMO and settings.SANDBOX_URL):
        raise Http404
    if not may_order(request):
        raise PermissionDenied
    try:
        view = desk.look()
        return _order(request, view) if request.method == "POST" else _shown(request, view)
    except SandboxAway as away:
        return _rendered(request, away=str(away))


# --- orders -------------------------------------------------------------------------------------


def _order(request: HttpRequest, view: View) -> HttpResponse:
    """Raises `SandboxAway`. What was refused is shown again with what was entered."""
    try:
        messages.success(request, _ordered(request.POST, view))
    except (OrderRefused, NotUnderstood) as refused:
        messages.error(request, f"Not ordered. {refused}")
        return _shown(request, view, entered=request.POST)
    return HttpResponseRedirect(reverse("sandbox"))


def _ordered(data: Mapping[str, Any], view: View) -> str:
    """Give the one order that the form names; returns what was done, in words."""
    doing: dict[str, Callable[[Mapping[str, Any], View], str]] = {
        "fault": _order_fault,
        "clear": _clear,
        "settle": _settle,
        "auto": _switch_auto,
        "outcome": _order_outcome,
        "own": _order_own,
    }
    if data.get("do") not in doing:
        raise NotUnderstood("There is no such order.")
    return doing[data["do"]](data, view)


def _order_fault(data: Mapping[str, Any], view: View) -> str:
    form = FaultForm(_described(view, data.get("provider", "")), data)
    _check(form)
    told = form.order()
    desk.order("POST", "/faults", told)
    times = "the next call" if told["next"] == 1 else f"the next {told['next']} calls"
    return f"Ordered: {told['fault']} at {told['provider']}, {told['call']}, for {times}."


def _clear(_: Mapping[str, Any], view: View) -> str:
    return f"Withdrawn: {desk.order('DELETE', '/faults')['cleared']} faults."


def _settle(_: Mapping[str, Any], view: View) -> str:
    settled = desk.order("POST", "/settle_all", {})["settled"]
    return f"Settled: {', '.join(f'{number} at {name}' for name, number in settled.items())}."


def _switch_auto(_: Mapping[str, Any], view: View) -> str:
    now = desk.order("POST", "/settings", {"auto_settle": not view.auto_settle})["auto_settle"]
    return f"Bets are settled {'by themselves again' if now else 'on order only'}."


def _order_outcome(data: Mapping[str, Any], view: View) -> str:
    form = OutcomeForm(view, data)
    _check(form)
    told = form.order()
    desk.order("POST", "/outcomes", told)
    return f"Ordered: {told['selection']} of match {told['match']} ends {told['result']}."


def _order_own(data: Mapping[str, Any], view: View) -> str:
    form = OwnOrderForm(_described(view, data.get("provider", "")), data)
    _check(form)
    method, path, told = form.order()
    answer = json.dumps(desk.order(method, path, told), ensure_ascii=False, default=str)
    return f"{method} {path} was answered: {answer[:_LONGEST_SHOWN]}"


def _described(view: View, name: str) -> dict[str, Any]:
    for each in view.providers:
        if each["name"] == name:
            return each
    raise NotUnderstood("The sandbox has no such provider.")


def _check(form: Any) -> None:
    if not form.is_valid():
        wrong = (f"{form[n].label}: {' '.join(e)}" for n, e in form.errors.items())
        raise NotUnderstood(" ".join(wrong))


# --- what is shown ------------------------------------------------------------------------------


def _shown(
    request: HttpRequest, view: View, *, entered: Mapping[str, Any] | None = None
) -> HttpResponse:
    return _rendered(
        request,
        view=view,
        standing=_standing(view),
        log=_log(view),
        outcome=OutcomeForm(view),
        providers=[_card(each, entered or {}) for each in view.providers],
    )


def _card(described: dict[str, Any], entered: Mapping[str, Any]) -> dict[str, Any]:
    own = entered.get("do") == "own" and entered.get("provider") == described["name"]
    return {
        "name": described["name"],
        "faults": [
            (call, [(name, described["explained"][name]) for name in names])
            for call, names in described["faults"].items()
        ],
        "form": FaultForm(described),
        "own": OwnOrderForm(described, entered if own else None),
        "looks": [each for each in described["orders"] if each["method"] == "GET"],
    }


def _rendered(request: HttpRequest, **shown: Any) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Sandbox",
        "is_fullwidth": "1",
        "sandbox_url": settings.SANDBOX_URL,
        **shown,
    }
    return render(request, "sandbox/page.html", context)


def _standing(view: View) -> Table:
    names = ("Provider", "Call", "Fault", "Strikes", "Seconds", "Code")
    return Table(
        title="Faults on order",
        columns=[Column(name) for name in names],
        rows=[
            (
                each["provider"],
                each["call"],
                each["fault"],
                f"at a rate of {each['rate']}" if each["rate"] else f"next {each['remaining']}",
                f"{each['seconds']:g}",
                each["code"] or "the usual",
            )
            for each in view.faults
        ],
        empty="None: every call is answered well.",
    )


def _log(view: View) -> Table:
    return Table(
        title="Last exchanges",
        columns=[Column(name) for name in ("At", "Way", "What", "Status")],
        rows=[
            (
                moment(datetime.fromisoformat(each["at"])),
                "to us" if each["direction"] == "out" else "from us",
                code(_without_token(each.get("url") or f"{each['method']} {each['path']}")),
                _without_token(str(each["status"]))[:_LONGEST_STATUS],
            )
            for each in reversed(view.log)
        ],
        empty="Nothing went over the wire yet.",
    )


def _without_token(text: str) -> str:
    """A callback address holds a secret that not everybody here may see."""
    return _TOKEN.sub(r"\1***", text)
