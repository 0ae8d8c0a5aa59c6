"""What the tests of gr8 ask for: the document's own bet."""

from decimal import Decimal
from uuid import UUID

from providers.contract import Selection

# The id that the document's own answer has.
BET = UUID("f894f99e-3d67-4c6b-a84c-a9e9a3c4a884")
DOCUMENT_EVENT = "SportsbookAutotesteb648b2b-ba50-475e-9af6-bf6abb4140ab"
DOCUMENT_SELECTION = Selection(
    event_id=DOCUMENT_EVENT,
    selection="[2,[],[0],1,3,[]]",
    odds=Decimal("2.0"),
    is_live=False,
    data_version=0,
)
