"""What a ticket or a refusal of the engine means in the words of the contract."""

from dataclasses import replace
from decimal import Decimal

from providers import wire
from providers.contract import Accepted, BetSlip, Incomplete, Rejected, Settle, Verdict
from providers.superbet.protocol import errors
from providers.superbet.protocol.tickets import Limited, Refusal, Ticket, Unreadable

_OUR_FIELDS = {
    "price": "stake",
    "currency": "currency",
    "bets": "items",
    "event": "options.event",
    "source": "options.source",
    "atag": "options.atag",
}
_VERDICTS = {"won": Verdict.WON, "lost": Verdict.LOST, "void": Verdict.REFUNDED}
_FINAL_STATUSES = frozenset({"resulted", "closed"})


def accepted(ticket: Ticket, *, reserved: Ticket | None = None) -> Accepted:
    """A ticket that is open; what its answer leaves out is taken from the reservation."""
    stake, excise = ticket.stake, ticket.ext_amount
    if reserved is not None:
        stake = reserved.stake if stake is None else stake
        excise = reserved.ext_amount if excise is None else excise
    return Accepted(
        reference=ticket.id,
        provider_code=ticket.code or (reserved.code if reserved else ""),
        stake_at_risk=stake,
        excise=excise,
        notes=tuple(_notes(ticket, stake, excise)),
    )


def _notes(ticket: Ticket, stake: Decimal | None, excise: Decimal | None) -> list[str]:
    notes = []
    if stake is None or excise is None:
        notes.append("The engine did not say how the price divides into stake and excise duty.")
    elif ticket.price is not None and stake + excise != ticket.price:
        notes.append(
            f"Stake {stake:f} and excise duty {excise:f} do not make up the price {ticket.price:f}."
        )
    if ticket.unknown_values:
        notes.append(f"The engine's answer has new values: {', '.join(ticket.unknown_values)}.")
    return notes


def rejected(refusal: Refusal) -> Rejected:
    """A refusal with its neutral code; 422 names the fields that are wrong by our names."""
    meaning = errors.meaning(status=refusal.status, code=refusal.code)
    told = refusal.message or ", ".join(refusal.fields)
    return Rejected(
        code=meaning.neutral,
        message=f"{meaning.words} ({told})." if told else f"{meaning.words}.",
        provider_code=str(refusal.status if refusal.code is None else refusal.code),
        fields=tuple(_our_field(name) for name in refusal.fields),
    )


def in_words(answer: Refusal | Limited | Unreadable) -> str:
    """Why there is no ticket."""
    if isinstance(answer, Refusal):
        refused = rejected(answer)
        return f"{refused.code} {refused.provider_code}: {refused.message}"
    if isinstance(answer, Limited):
        return "The engine has had too many requests."
    return answer.reason


def _our_field(name: str) -> str:
    """`bets.0` is our `items[0].selection`; what is not the caller's keeps its name."""
    first, _, rest = name.partition(".")
    if first == "bets" and rest.isdigit():
        return f"items[{rest}].selection"
    return _OUR_FIELDS.get(first, name)


def unknown_codes(refusal: Refusal) -> tuple[str, ...]:
    """An error code that no document names, as `code=104`."""
    code = refusal.code
    return () if code is None or errors.is_known(code) else (f"code={code}",)


def differs(ticket: Ticket, slip: BetSlip) -> str:
    """In words, where a ticket is not the one that was asked for; empty if it is."""
    if ticket.price is not None and ticket.price != slip.stake:
        return f"it costs {ticket.price:f} instead of {wire.decimal_text(slip.stake)}"
    if ticket.currency and ticket.currency.upper() != slip.currency:
        return f"it is in {ticket.currency} instead of {slip.currency}"
    if ticket.user_id and ticket.user_id != slip.player_uid:
        return "it is another player's"
    return ""


def completed(command: Settle, ticket: Ticket) -> Settle:
    """A result with the amounts of its ticket. The ticket's own word on the result counts.

    Raises `Incomplete` while the ticket has no result, or does not say what it pays.
    """
    verdict = _VERDICTS.get(ticket.result)
    if ticket.id != command.reference or ticket.status not in _FINAL_STATUSES or verdict is None:
        raise Incomplete(
            f"ticket {ticket.id} is {ticket.status or 'in no known state'}"
            f" with the result {ticket.result or 'none'}"
        )
    if verdict is Verdict.WON and not ticket.net_payout:
        raise Incomplete(f"ticket {ticket.id} has won and names no payout")
    payout = {
        Verdict.WON: ticket.net_payout,
        Verdict.LOST: Decimal(0),
        Verdict.REFUNDED: ticket.price,
    }[verdict]
    return replace(
        command,
        verdict=verdict,
        payout=payout,
        sent_stake=ticket.price if verdict is Verdict.REFUNDED else None,
        withholding=ticket.wht_amount if verdict is Verdict.WON else None,
        currency=ticket.currency.upper(),
        incomplete=False,
        details={**command.details, **_details(ticket)},
    )


def _details(ticket: Ticket) -> dict[str, str]:
    """What is kept for reports; amounts as text."""
    kept = {
        "ticket_code": ticket.code,
        "ticket_result": ticket.result,
        "gross_payout": ticket.gross_payout,
        "net_payout": ticket.net_payout,
        "wht_amount": ticket.wht_amount,
    }
    return {name: str(value) for name, value in kept.items() if value not in (None, "")}
