"""Which of the account's own offers belong to orders that got no answer. No I/O.

An exchange has no idempotency key. Before each placement the references of the account's own
offers on the market are written down; afterwards, an offer with the order's terms that was not
there before, and that no other order has, is the order's. Where more than one order could have
it, or more than one offer could be it, nothing is decided (providers/betflag.md).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from providers.contract import OwnOffer

Terms = tuple[str, str, Decimal, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An order without an answer, and the references that were there before its placement."""

    order_id: UUID
    batch_id: UUID
    terms: Terms
    before: frozenset[str]


@dataclass(slots=True)
class Verdict:
    """What is certain: `found` by order, and `absent` where no offer could be the order's.

    `unclear` are the orders among which the offers cannot be shared out with certainty, and
    `spare` the offers that could be nobody's.
    """

    found: dict[UUID, OwnOffer] = field(default_factory=dict)
    absent: set[UUID] = field(default_factory=set)
    unclear: set[UUID] = field(default_factory=set)
    spare: list[OwnOffer] = field(default_factory=list)


def terms_of(offer: OwnOffer) -> Terms:
    return offer.selection_id, str(offer.side), offer.odds, offer.stake


def judge(
    *, claims: Sequence[Claim], offers: Iterable[OwnOffer], taken: Collection[str]
) -> Verdict:
    """Share out the offers that no order has among the orders that wait for one.

    `claims` come in the order in which equal ones of a batch are served. `taken` are the
    references that orders have already.
    """
    free: dict[Terms, list[OwnOffer]] = defaultdict(list)
    for offer in offers:
        if offer.reference not in taken:
            free[terms_of(offer)].append(offer)
    waiting: dict[Terms, list[Claim]] = defaultdict(list)
    for claim in claims:
        waiting[claim.terms].append(claim)
    verdict = Verdict()
    for terms, equal in waiting.items():
        _Class(equal, free.pop(terms, [])).judge(verdict)
    verdict.spare += [offer for rest in free.values() for offer in rest]
    return verdict


class _Class:
    """Orders and offers of the same terms."""

    def __init__(self, claims: Sequence[Claim], offers: Sequence[OwnOffer]) -> None:
        self.waiting: dict[UUID, list[Claim]] = defaultdict(list)
        for claim in claims:
            self.waiting[claim.batch_id].append(claim)
        self.before = {claim.batch_id: claim.before for claim in claims}
        self.offers = list(offers)

    def judge(self, verdict: Verdict) -> None:
        while self._bind_one_batch(verdict):
            pass
        open_to = [self._possible(offer) for offer in self.offers]
        for batch_id, claims in self.waiting.items():
            contested = any(batch_id in batches for batches in open_to)
            orders = {claim.order_id for claim in claims}
            (verdict.unclear if contested else verdict.absent).update(orders)
        verdict.spare += [
            offer for offer, batches in zip(self.offers, open_to, strict=True) if not batches
        ]

    def _possible(self, offer: OwnOffer) -> set[UUID]:
        """The batches that still wait and before which the offer was not there."""
        return {
            batch_id
            for batch_id, claims in self.waiting.items()
            if claims and offer.reference not in self.before[batch_id]
        }

    def _bind_one_batch(self, verdict: Verdict) -> bool:
        """Bind what can only be one batch's, unless there is more of it than the batch placed.

        Equal orders of one batch are one partner's and interchangeable.
        """
        for batch_id, claims in self.waiting.items():
            own = [offer for offer in self.offers if self._possible(offer) == {batch_id}]
            if claims and 0 < len(own) <= len(claims):
                for claim, offer in zip(claims, own, strict=False):
                    verdict.found[claim.order_id] = offer
                    self.offers.remove(offer)
                self.waiting[batch_id] = claims[len(own) :]
                return True
        return False
