"""What a provider would take at most for a slip. Nothing of it is stored but the call."""

from uuid import UUID

from django.conf import settings

from bets.models import Partner
from bets.models.fields import new_id
from bets.services import plain_words
from bets.services.placing import slips
from bets.services.placing.slips import PlacementRefused, PlacementRequest
from providers import services as providers
from providers.contract import Capability, NotSent, Quote, Rejected, Unknown


class QuoteNotSupported(PlacementRefused):
    """The account's provider gives no quotes."""


class QuoteRefused(PlacementRefused):
    """The slip would be refused as it is, whatever the stake."""

    def __init__(self, answer: Rejected) -> None:
        super().__init__(answer.message)
        self.answer = answer


class QuoteUnavailable(PlacementRefused):
    """The provider gave no answer. It may be asked again, after `retry_after_s` if it says so."""

    def __init__(self, code: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after_s = retry_after_s


def quote(*, partner: Partner, request: PlacementRequest) -> Quote:
    """The highest stake for a slip, in major units of its currency.

    Raises PlayerNotFound, AccountNotFound, CurrencyMismatch, FormMismatch, QuoteNotSupported,
    QuoteRefused or QuoteUnavailable. Never call it inside a transaction: it calls the provider.
    """
    player, account = slips.find(partner=partner, request=request)
    if not providers.can(account=account, capability=Capability.QUOTE):
        raise QuoteNotSupported(account.code)
    options = slips.judge(form=providers.slip_form(account=account), request=request)
    slip = slips.slip_of(
        coupon_id=_nobodys_id(), player=player, account=account, request=request, options=options
    )
    refused = slips.refusal(player=player, account=account, slip=slip)
    if refused is not None:
        raise QuoteRefused(refused)
    answer = providers.quote(
        account=account, slip=slip, deadline_s=float(settings.PLACEMENT_DEADLINE_S)
    )
    if isinstance(answer, Quote):
        return answer
    raise _not_quoted(answer)


def _nobodys_id() -> UUID:
    """A slip has a coupon's id. There is no coupon behind this one."""
    return new_id()


def _not_quoted(answer: Rejected | NotSent | Unknown) -> PlacementRefused:
    if isinstance(answer, Rejected):
        return QuoteRefused(answer)
    words = plain_words.for_partners(answer)
    if isinstance(answer, NotSent):
        return QuoteUnavailable(answer.code, words, answer.retry_after_s)
    return QuoteUnavailable("provider_unclear", words)
