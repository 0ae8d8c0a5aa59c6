"""The offers of a betting exchange in memory."""

from dataclasses import dataclass, field
from decimal import Decimal

from providers.contract import OfferStatus, OwnOffer, Side

OURS, RIVAL = "ours", "rival"


@dataclass
class Lying:
    """An offer in a market, ours or a rival's."""

    owner: str
    reference: str
    selection_id: str
    side: Side
    odds: Decimal
    stake: Decimal
    parts: list[tuple[Decimal, Decimal]] = field(default_factory=list)
    is_cancelled: bool = False

    @property
    def matched(self) -> Decimal:
        return sum((amount for _, amount in self.parts), Decimal(0))

    @property
    def left(self) -> Decimal:
        return Decimal(0) if self.is_cancelled else self.stake - self.matched

    @property
    def status(self) -> OfferStatus:
        if self.matched == self.stake:
            return OfferStatus.MATCHED
        if self.is_cancelled:
            return OfferStatus.CANCELLED
        return OfferStatus.PARTLY_MATCHED if self.matched else OfferStatus.OPEN


def seen(lying: Lying) -> OwnOffer:
    """The offer as the exchange shows it to its owner."""
    return OwnOffer(
        reference=lying.reference,
        selection_id=lying.selection_id,
        side=lying.side,
        odds=lying.odds,
        stake=lying.stake,
        matched=lying.matched,
        status=lying.status,
    )
