"""Results that name no amounts: the provider is asked before they are applied."""

from collections.abc import Sequence
from contextlib import nullcontext

from bets.models import Coupon
from bets.services.inbound.entrance import is_incomplete
from providers import completion, subjects
from providers.contract import Command, Settle
from providers.models import ProviderAccount

_DEADLINE_S = 10.0


def completed(*, account: ProviderAccount, commands: Sequence[Command]) -> tuple[Command, ...]:
    """The commands, with what results leave out asked of the provider.

    Raises Incomplete where the provider gives no clear answer now, and RuntimeError inside a
    transaction.
    """
    return tuple(_completed(account, each) if is_incomplete(each) else each for each in commands)


def _completed(account: ProviderAccount, command: Command) -> Command:
    if not isinstance(command, Settle):
        return command
    coupon_id = (
        Coupon.objects.filter(account=account, provider_reference=command.reference)
        .values_list("pk", flat=True)
        .first()
    )
    with subjects.about("coupon", coupon_id) if coupon_id else nullcontext():
        return completion.complete(account=account, command=command, deadline_s=_DEADLINE_S)
