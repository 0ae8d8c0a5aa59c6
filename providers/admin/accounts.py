"""Provider accounts: settings, credentials that are only ever written, callback tokens."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from unfold.decorators import display
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminSelectWidget

from config.staff.actions import Action, By, Done, NoQuestions, Refused
from config.staff.creation import CreatingAdmin
from config.staff.display import NOTHING, Tone, badge, code, moment, yes_no
from config.staff.history import done_by_staff
from config.staff.page import Column, Facts, Page, Summary, Table
from config.staff.paging import at_most
from providers import health, queries, registry, services
from providers.admin import health as health_page
from providers.admin.forms import (
    account_form,
    field_of,
    given_secrets,
    given_settings,
    new_account_form,
)
from providers.declarations import InvalidAccount
from providers.models import CallbackToken, ProviderAccount

_OPEN = ("pending", "unknown", "referred", "accepted")
_MOST_COUNTED = 1000


def _save(account: ProviderAccount, data: Mapping[str, Any], by: By) -> Done:
    try:
        services.save_account(
            code=account.code,
            base_url=data["base_url"],
            settings=given_settings(data),
            secrets=given_secrets(data),
            is_active=data["is_active"],
        )
    except InvalidAccount as error:
        raise Refused(f"This {error.message}.", field=field_of(error.field, data)) from error
    names = ", ".join(sorted(given_secrets(data)))
    return Done(message=f"Saved. Secrets changed: {names or 'none'}.")


def _test(account: ProviderAccount, _: Mapping[str, Any], by: By) -> Done:
    report = services.test_connection(account=account)
    return Done(
        message=f"{'It works' if report.ok else 'It failed'}: {report.detail}", ok=report.ok
    )


def _show_address(account: ProviderAccount, _: Mapping[str, Any], by: By) -> Done:
    base = services.callback_base(account=account)
    return Done(
        message="The provider's own paths are appended to this address.",
        secret=base,
        fact="Looked at the callback address.",
    )


def _rotate(account: ProviderAccount, _: Mapping[str, Any], by: By) -> Done:
    services.rotate_callback_token(account=account)
    base = services.callback_base(account=account)
    return Done(
        message="Tell the provider the new address; the old one still works.",
        secret=base,
        fact="Made a new callback token.",
    )


def _revoke(account: ProviderAccount, data: Mapping[str, Any], by: By) -> Done:
    token: CallbackToken = data["token"]
    services.revoke_callback_token(token=token)
    return Done(message=f"Token {token.pk} is revoked: what is sent to it gets 404.")


def _token_form(account: ProviderAccount) -> type[forms.Form]:
    class OneToken(forms.Form):
        token = forms.ModelChoiceField(
            queryset=queries.callback_tokens(account=account).filter(revoked_at=None),
            widget=UnfoldAdminSelectWidget(),
        )

    return OneToken


def open_coupons(account: ProviderAccount) -> str:
    """How many coupons wait for results of this account, over the reverse relation."""
    found = at_most(account.coupons.filter(status__in=_OPEN), _MOST_COUNTED)
    return f"{_MOST_COUNTED} or more" if found == _MOST_COUNTED else str(found)


class AccountList(ChangeList):
    """Each account with the state that its page tells, asked for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        accounts = list(self.result_list)
        states = health.states(accounts=accounts, now=timezone.now())
        for account in accounts:
            account.state_now = states[account.pk]
        self.result_list = accounts


@admin.register(ProviderAccount)
class ProviderAccountAdmin(CreatingAdmin):
    keyset = False
    ordering = ("code",)
    list_display = ("code", "provider", "address", "active", "state", "changed")
    list_filter = ("provider", "is_active")
    empty_state = "There is no provider account yet. Add one with the credentials you got."
    create_explanation = (
        "An account that you hold with a betting provider. It gets its own callback address."
    )
    staff_actions = (
        Action(
            name="settings",
            label="Change settings",
            permission="providers.change_provideraccount",
            form_for=account_form,
            explain=lambda account: (
                "Secrets are stored encrypted and shown nowhere. A new secret ends the session "
                "at the provider."
            ),
            run=_save,
        ),
        Action(
            name="test",
            label="Test the connection",
            permission="providers.test_connection",
            form=NoQuestions,
            explain=lambda account: "Tries the address and the credentials, and places nothing.",
            run=_test,
            shows=True,
        ),
        health_page.SUSPEND,
        health_page.RESUME,
        Action(
            name="address",
            label="Show the callback address",
            permission="providers.rotate_callback_token",
            form=NoQuestions,
            explain=lambda account: (
                "Whoever knows the address can send results. It is for the provider only, and "
                "the history keeps that you looked at it."
            ),
            run=_show_address,
            shows=True,
        ),
        Action(
            name="rotate",
            label="New callback token",
            permission="providers.rotate_callback_token",
            form=NoQuestions,
            explain=lambda account: (
                "New coupons get a new address. The former token keeps working for those that "
                f"are open ({open_coupons(account)}) until you revoke it."
            ),
            run=_rotate,
            shows=True,
        ),
        Action(
            name="revoke",
            label="Revoke a token",
            permission="providers.rotate_callback_token",
            form_for=_token_form,
            explain=lambda account: (
                "Results sent to it are refused at once. Coupons of this account that wait for a "
                f"result: {open_coupons(account)}. A current token is replaced by a new one."
            ),
            run=_revoke,
            tone=Tone.ALERT,
        ),
    )

    def create_form(self, request: HttpRequest, data: Any) -> forms.Form:
        return new_account_form(request.GET["provider"])(data)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Which provider comes first: it declares what else is asked."""
        if self.has_add_permission(request) and request.GET.get("provider") not in registry.names():
            context = {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "title": "New provider account",
                "providers": registry.all(),
                "is_fullwidth": "1",
            }
            return render(request, "providers/choose.html", context)
        return super().add_view(request, form_url, extra_context)

    def create(self, data: Mapping[str, Any], by: By) -> ProviderAccount:
        try:
            return services.save_account(
                code=data["code"],
                provider=data["provider"],
                base_url=data["base_url"],
                settings=given_settings(data),
                secrets=given_secrets(data),
            )
        except InvalidAccount as error:
            raise Refused(f"This {error.message}.", field=field_of(error.field, data)) from error

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("health")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return AccountList

    def page(self, request: HttpRequest, target: ProviderAccount) -> Page:
        now = timezone.now()
        found = health.of(account_id=target.pk, now=now)
        return Page(
            title=target.code,
            subtitle=f"Account at {registry.get(target.provider).title}",
            summary=_summary(target, found),
            side_by_side=[
                health_page.facts(target, found, now=now),
                _settings(target),
                _secrets(target),
            ],
            sections=[_tokens(target), done_by_staff(target)],
        )

    @display(description="Address")
    def address(self, account: ProviderAccount) -> str:
        return account.base_url or NOTHING

    @display(description="Active")
    def active(self, account: ProviderAccount) -> Any:
        return yes_no(account.is_active)

    @display(description="State")
    def state(self, account: ProviderAccount) -> Any:
        state: health.State = account.state_now  # type: ignore[attr-defined]
        return health_page.state_badge(state)

    @display(description="Changed")
    def changed(self, account: ProviderAccount) -> Any:
        return moment(account.updated_at)


def _summary(account: ProviderAccount, found: health.Health) -> Summary:
    notes = " ".join(services.warnings(account=account))
    if not account.is_active:
        return Summary(headline="Switched off: no new bets.", detail=notes, tone=Tone.ALERT)
    trouble = health_page.trouble(found)
    if trouble is not None:
        return trouble
    tone = Tone.WAITING if notes else Tone.GOOD
    stands = f"{found.state.value.capitalize()}. {found.why}"
    return Summary(headline=stands, detail=notes, tone=tone)


def _settings(account: ProviderAccount) -> Facts:
    declared = registry.settings_of(account.provider)
    rows: list[tuple[str, object]] = [("Address", account.base_url or NOTHING)]
    rows += [(item.label, account.setting(item.name) or NOTHING) for item in declared]
    return Facts(title="Settings", rows=rows)


def _secrets(account: ProviderAccount) -> Facts:
    declared, stored = registry.get(account.provider).secrets, account.secret_names()
    return Facts(
        title="Credentials",
        note="They are stored encrypted and cannot be read here.",
        rows=[
            (item.label, badge("set", Tone.GOOD) if item.name in stored else badge("not set"))
            for item in declared
        ],
    )


def _tokens(account: ProviderAccount) -> Table:
    return Table(
        title="Callback tokens",
        columns=[Column("Token"), Column("State"), Column("Created"), Column("Replaced")],
        rows=[
            (code(str(token.pk)), _state(token), moment(token.created_at), moment(token.retired_at))
            for token in queries.callback_tokens(account=account)[:50]
        ],
        empty="None.",
    )


def _state(token: CallbackToken) -> object:
    if token.revoked_at:
        return badge("revoked", Tone.ALERT)
    return badge("replaced, still works") if token.retired_at else badge("current", Tone.GOOD)
