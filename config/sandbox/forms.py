"""The orders that the page takes. The sandbox judges them; here they are only put together."""

import json
from collections.abc import Iterable
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from config.sandbox.desk import View

RESULTS = (("won", "Won"), ("lost", "Lost"), ("void", "Void"), ("random", "By chance"))
_LONGEST_ORDER = 20_000


class FaultForm(forms.Form):
    """A fault at one call of one provider; `fault` is `call/name`."""

    provider = forms.CharField(widget=forms.HiddenInput)
    fault = forms.CharField(required=False, widget=forms.HiddenInput)
    next = forms.IntegerField(
        label="For the next calls",
        initial=1,
        min_value=1,
        max_value=1000,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric"}),
    )
    seconds = forms.DecimalField(
        required=False,
        min_value=0,
        max_value=3600,
        help_text="For what takes time; blank is the usual.",
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )
    code = forms.ChoiceField(
        label="Code of a refusal", required=False, widget=UnfoldAdminSelectWidget()
    )

    def __init__(self, described: dict[str, Any], data: Any = None) -> None:
        name = described["name"]
        super().__init__(data, initial={"provider": name}, auto_id=f"id_{name}_%s")
        codes = [("", "The usual"), *((code, code) for code in described["codes"])]
        self.fields["code"].choices = codes  # type: ignore[attr-defined]
        if not described["codes"]:
            del self.fields["code"]

    def order(self) -> dict[str, Any]:
        """As `POST /faults` takes it."""
        call, _, fault = self.cleaned_data["fault"].partition("/")
        told = {
            "provider": self.cleaned_data["provider"],
            "call": call,
            "fault": fault,
            "next": self.cleaned_data["next"],
        }
        if self.cleaned_data.get("seconds") is not None:
            told["seconds"] = str(self.cleaned_data["seconds"])
        return told | ({"code": code} if (code := self.cleaned_data.get("code")) else {})


class OutcomeForm(forms.Form):
    """How a selection ends, for every open coupon and later ones."""

    selection = forms.ChoiceField(widget=UnfoldAdminSelectWidget())
    result = forms.ChoiceField(choices=RESULTS, widget=UnfoldAdminSelectWidget())

    def __init__(self, view: View, data: Any = None) -> None:
        super().__init__(data)
        self.fields["selection"].choices = list(_selections(view.matches))  # type: ignore[attr-defined]

    def order(self) -> dict[str, Any]:
        """As `POST /outcomes` takes it."""
        match, _, selection = self.cleaned_data["selection"].partition(" ")
        return {"match": match, "selection": selection, "result": self.cleaned_data["result"]}


class OwnOrderForm(forms.Form):
    """One of the orders that a single provider takes, with its fields as JSON."""

    own = forms.ChoiceField(label="Order", widget=UnfoldAdminSelectWidget())
    fields_json = forms.CharField(
        label="Its fields, as JSON",
        required=False,
        max_length=_LONGEST_ORDER,
        initial="{}",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )

    def __init__(self, described: dict[str, Any], data: Any = None) -> None:
        super().__init__(data, auto_id=f"id_{described['name']}_%s")
        self.fields["own"].choices = list(_own_orders(described))  # type: ignore[attr-defined]

    def clean_fields_json(self) -> dict[str, Any]:
        try:
            told = json.loads(self.cleaned_data["fields_json"] or "{}", parse_float=str)
        except ValueError as error:
            raise forms.ValidationError(f"This is not JSON: {error}.") from error
        if not isinstance(told, dict):
            raise forms.ValidationError('This is not an object, such as {"bet": "7"}.')
        return told

    def order(self) -> tuple[str, str, dict[str, Any]]:
        """The method, the path and the fields."""
        method, _, path = self.cleaned_data["own"].partition(" ")
        return method, path, self.cleaned_data["fields_json"]


def _selections(matches: Iterable[dict[str, Any]]) -> Iterable[tuple[str, str]]:
    for match in matches:
        for each in match["selections"]:
            phase = "live" if match["is_live"] else "line"
            words = f"{match['name']} ({phase}): {each['name']} at {each['odds']}"
            yield f"{match['match']} {each['selection']}", words


def _own_orders(described: dict[str, Any]) -> Iterable[tuple[str, str]]:
    for each in described["orders"]:
        if each["method"] != "GET":
            way = f"{each['method']} {each['path']}"
            yield way, f"{way}: {each['explained']}"
