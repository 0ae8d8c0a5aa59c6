"""Forms made from what a provider declares. A stored secret never gets into one."""

from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from providers import registry
from providers.contract import Declared
from providers.models import ProviderAccount

_SETTING, _SECRET, _REMOVE = "setting_", "secret_", "remove_"
_LONGEST = 8192


def new_account_form(provider: str) -> type[forms.Form]:
    """The form of a new account: its code, its address, every setting and secret."""
    code = forms.CharField(
        max_length=50,
        widget=UnfoldAdminTextInputWidget(),
        help_text="Letters, digits and dashes. It cannot be changed.",
    )
    chosen = forms.CharField(initial=provider, widget=forms.HiddenInput)
    fields = {"code": code, **_fields(provider, None), "provider": chosen}
    return type("NewAccount", (forms.Form,), fields)


def account_form(account: ProviderAccount) -> type[forms.Form]:
    """The form of an account as it is stored, without its secrets."""
    active = forms.BooleanField(
        label="Active",
        required=False,
        initial=account.is_active,
        widget=UnfoldBooleanSwitchWidget(),
        help_text="Switched off, it takes no new bets; results of open coupons still come in.",
    )
    fields = {**_fields(account.provider, account), "is_active": active}
    return type("ChangedAccount", (forms.Form,), fields)


def _fields(provider: str, account: ProviderAccount | None) -> dict[str, forms.Field]:
    declared = registry.get(provider)
    fields: dict[str, forms.Field] = {
        "base_url": forms.CharField(
            label="Address of the provider",
            max_length=500,
            required=False,
            initial=account.base_url if account else "",
            widget=UnfoldAdminTextInputWidget(),
        )
    }
    stored = account.settings if account else {}
    for item in registry.settings_of(provider):
        fields[_SETTING + item.name] = _setting(item, str(stored.get(item.name, "")))
    set_already = account.secret_names() if account else ()
    for item in declared.secrets:
        fields |= _secret(item, is_set=item.name in set_already)
    return fields


def _sentence(text: str) -> str:
    """Providers write some of their help as the end of an error: `whole seconds, 150 or more`."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""


def _setting(item: Declared, stored: str) -> forms.Field:
    default = f" Default: {item.default}." if item.default else ""
    fixed = " Not to be changed while coupons are open." if item.fixed_while_open else ""
    options: dict[str, Any] = {
        "label": item.label,
        "required": item.required and not item.default,
        "initial": stored,
        "help_text": f"{_sentence(item.help)}{default}{fixed}",
    }
    if item.choices:
        choices = [("", f"Default ({item.default or 'none'})"), *((c, c) for c in item.choices)]
        return forms.ChoiceField(choices=choices, widget=UnfoldAdminSelectWidget(), **options)
    return forms.CharField(max_length=_LONGEST, widget=UnfoldAdminTextInputWidget(), **options)


def _secret(item: Declared, *, is_set: bool) -> dict[str, forms.Field]:
    state = "One is stored; leave it blank to keep it." if is_set else "None is stored."
    # A field of one line would run the lines of such a key together.
    lines = " A key of several lines is set from the shell." if "PEM" in item.help else ""
    field = forms.CharField(
        label=item.label,
        required=item.required and not is_set,
        max_length=_LONGEST,
        strip=False,
        widget=UnfoldAdminPasswordWidget(
            attrs={"autocomplete": "new-password"}, render_value=False
        ),
        help_text=f"{_sentence(item.help)} {state}{lines}",
    )
    fields: dict[str, forms.Field] = {_SECRET + item.name: field}
    if is_set and not item.required:
        fields[_REMOVE + item.name] = forms.BooleanField(
            label=f"Remove the stored {item.label}",
            required=False,
            widget=UnfoldBooleanSwitchWidget(),
        )
    return fields


def given_settings(data: Mapping[str, Any]) -> dict[str, str]:
    """What was entered as settings; an empty one goes back to its default."""
    return {key.removeprefix(_SETTING): value for key, value in data.items() if _is(key, _SETTING)}


def given_secrets(data: Mapping[str, Any]) -> dict[str, str]:
    """The secrets to change: a blank field is none of them, a ticked removal empties one."""
    removed = {
        key.removeprefix(_REMOVE): "" for key, on in data.items() if on and _is(key, _REMOVE)
    }
    entered = {
        key.removeprefix(_SECRET): value
        for key, value in data.items()
        if value and _is(key, _SECRET)
    }
    return {**removed, **entered}


def field_of(name: str, data: Mapping[str, Any]) -> str:
    """The form's field for a name of the account."""
    return next((key for key in (name, _SETTING + name, _SECRET + name) if key in data), "")


def _is(key: str, prefix: str) -> bool:
    return key.startswith(prefix)
