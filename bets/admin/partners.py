"""Partners, the provider accounts they may use, and their API keys."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.validators import validate_slug
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from bets.models import ApiKey, Partner
from bets.services import partners
from config.staff.actions import Action, By, Done, NoQuestions, Refused
from config.staff.admin import StaffAdmin
from config.staff.creation import CreatingAdmin
from config.staff.display import NOTHING, Tone, badge, code, link, moment, yes_no
from config.staff.history import done_by_staff
from config.staff.page import Column, Facts, Page, Summary, Table
from providers import queries as providers


class NewPartner(forms.Form):
    code = forms.CharField(
        max_length=40,
        validators=[validate_slug],
        widget=UnfoldAdminTextInputWidget(),
        help_text="Letters, digits and dashes. It cannot be changed.",
    )
    name = forms.CharField(max_length=120, widget=UnfoldAdminTextInputWidget())


class NewKey(forms.Form):
    name = forms.CharField(
        max_length=80,
        widget=UnfoldAdminTextInputWidget(),
        help_text="What it is for, so that it can be told from the others.",
    )


def _account_form(_: Partner) -> type[forms.Form]:
    class OneAccount(forms.Form):
        account = forms.ModelChoiceField(
            queryset=providers.accounts(), widget=UnfoldAdminSelectWidget()
        )

    return OneAccount


def _issue(partner: Partner, data: Mapping[str, Any], by: By) -> Done:
    key = partners.issue_api_key(partner=partner, name=data["name"])
    return Done(message=f"A key named “{data['name']}” was issued.", secret=key)


def _grant(partner: Partner, data: Mapping[str, Any], by: By) -> Done:
    partners.grant_access(partner=partner, account=data["account"])
    return Done(message=f"{partner.code} may bet at {data['account'].code}.")


def _withdraw(partner: Partner, data: Mapping[str, Any], by: By) -> Done:
    partners.revoke_access(partner=partner, account=data["account"])
    return Done(message=f"{partner.code} may not bet at {data['account'].code}.")


def _revoke(key: ApiKey, _: Mapping[str, Any], by: By) -> Done:
    partners.revoke_api_key(key=key, now=by.now)
    return Done(message=f"The key {key} is revoked.")


@admin.register(Partner)
class PartnerAdmin(CreatingAdmin):
    list_display = ("code", "name", "active", "created")
    empty_state = "There is no partner yet. Create one, give it provider accounts and a key."
    create_explanation = "A brand whose players bet through us."
    staff_actions = (
        Action(
            name="issue-key",
            label="Issue an API key",
            permission="bets.add_apikey",
            form=NewKey,
            explain=lambda partner: (
                f"With the key, software of {partner.name} creates players, moves their money and "
                "places their coupons. It is shown once."
            ),
            run=_issue,
            shows=True,
        ),
        Action(
            name="grant",
            label="Give an account",
            permission="bets.change_partner",
            form_for=_account_form,
            explain=lambda partner: f"{partner.name} may place bets on this provider account.",
            run=_grant,
        ),
        Action(
            name="withdraw",
            label="Take an account away",
            permission="bets.change_partner",
            form_for=_account_form,
            explain=lambda partner: "No new bets there; coupons that are open go on.",
            run=_withdraw,
            tone=Tone.ALERT,
        ),
    )

    def create_form(self, request: HttpRequest, data: Any) -> forms.Form:
        return NewPartner(data)

    def create(self, data: Mapping[str, Any], by: By) -> Partner:
        try:
            return partners.create_partner(code=data["code"], name=data["name"])
        except partners.PartnerExists:
            raise Refused("There is a partner with this code.", field="code") from None

    def page(self, request: HttpRequest, target: Partner) -> Page:
        return Page(
            title=target.name,
            side_by_side=[
                Facts(
                    title="Partner",
                    rows=[
                        ("Code", code(target.code)),
                        ("Active", yes_no(target.is_active)),
                        ("Since", moment(target.created_at)),
                    ],
                )
            ],
            sections=[_accounts(target), _keys(target), done_by_staff(target)],
        )

    @display(description="Active")
    def active(self, partner: Partner) -> Any:
        return yes_no(partner.is_active)

    @display(description="Since")
    def created(self, partner: Partner) -> Any:
        return moment(partner.created_at)


def _accounts(partner: Partner) -> Table:
    return Table(
        title="Provider accounts it may use",
        columns=[Column("Account"), Column("Provider"), Column("Active")],
        rows=[
            (account.code, account.provider, yes_no(account.is_active))
            for account in partner.accounts.order_by("code")
        ],
        empty="None: the partner cannot bet yet. “Give an account” adds one.",
    )


def _keys(partner: Partner) -> Table:
    return Table(
        title="API keys",
        columns=[Column("Key"), Column("Name"), Column("Issued"), Column("State")],
        rows=[
            (
                link(str(key), reverse("admin:bets_apikey_change", args=[key.pk])),
                key.name or NOTHING,
                moment(key.created_at),
                _key_state(key),
            )
            for key in partner.api_keys.order_by("-id")
        ],
        empty="None: the partner's software cannot reach us. “Issue an API key” makes one.",
    )


def _key_state(key: ApiKey) -> object:
    return badge("revoked") if key.revoked_at else badge("in force", Tone.GOOD)


@admin.register(ApiKey)
class ApiKeyAdmin(StaffAdmin):
    list_display = ("prefix_shown", "name", "partner", "state", "created")
    list_filter = ("partner",)
    list_select_related = ("partner",)
    empty_state = "No key was issued yet. Open a partner and choose “Issue an API key”."
    staff_actions = (
        Action(
            name="revoke",
            label="Revoke",
            permission="bets.change_apikey",
            form=NoQuestions,
            explain=lambda key: (
                f"Requests with the key {key} are refused at once. It cannot be undone."
            ),
            run=_revoke,
            offered=lambda key: key.revoked_at is None,
            tone=Tone.ALERT,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("partner")

    def page(self, request: HttpRequest, target: ApiKey) -> Page:
        ended = target.revoked_at is not None
        return Page(
            title=f"API key {target}",
            summary=Summary(
                headline="Revoked." if ended else f"{target.partner.name} may use it.",
                tone=Tone.BAD if ended else Tone.GOOD,
            ),
            side_by_side=[
                Facts(
                    title="Key",
                    rows=[
                        ("Starts with", code(f"sd_{target.prefix}_")),
                        ("Name", target.name or NOTHING),
                        ("Partner", target.partner.code),
                        ("Issued", moment(target.created_at)),
                        ("Revoked", moment(target.revoked_at)),
                    ],
                )
            ],
            sections=[done_by_staff(target)],
        )

    @display(description="Key")
    def prefix_shown(self, key: ApiKey) -> str:
        return str(key)

    @display(description="State")
    def state(self, key: ApiKey) -> Any:
        return _key_state(key)

    @display(description="Issued")
    def created(self, key: ApiKey) -> Any:
        return moment(key.created_at)
