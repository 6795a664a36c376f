from residents.models.boards import (
    Board,
    BoardPrinting,
    Plate,
)
from residents.models.contacts import (
    Contact,
    Occasion,
)
from residents.models.credentials import (
    Credential,
)
from residents.models.handovers import (
    Agreement,
    Defect,
    Document,
    FacilityItem,
    Handover,
    HandoverItem,
    HandoverTask,
)
from residents.models.identity import (
    IdentityCopy,
)
from residents.models.importing import (
    ImportAdded,
    ImportMapping,
    ImportRun,
    OpeningBalance,
)
from residents.models.key_loans import (
    KeyLoan,
)
from residents.models.key_moves import (
    KeyMove,
    Proof,
)
from residents.models.keys import (
    KeySet,
)
from residents.models.meters import (
    MEASURES,
    Meter,
    MeterRule,
    MissedReading,
    Reading,
    ReadingRound,
    Resource,
)
from residents.models.moving import (
    ConsentHow,
    Lift,
    MoveBooking,
    MoveRule,
    Relation,
)
from residents.models.occupancies import (
    Occupancy,
)
from residents.models.people import (
    Person,
)
from residents.models.places import (
    Building,
    Section,
    Unit,
)
from residents.models.releasing import (
    ReleaseItem,
    ReleaseSlip,
)
from residents.models.vehicles import (
    Vehicle,
)
from residents.models.visits import (
    HomeVisit,
    VisitNeed,
    VisitPlan,
)

__all__ = [
    "MEASURES",
    "Agreement",
    "Board",
    "BoardPrinting",
    "Building",
    "ConsentHow",
    "Contact",
    "Credential",
    "Defect",
    "Document",
    "FacilityItem",
    "Handover",
    "HandoverItem",
    "HandoverTask",
    "HomeVisit",
    "IdentityCopy",
    "ImportAdded",
    "ImportMapping",
    "ImportRun",
    "KeyLoan",
    "KeyMove",
    "KeySet",
    "Lift",
    "Meter",
    "MeterRule",
    "MissedReading",
    "MoveBooking",
    "MoveRule",
    "Occasion",
    "Occupancy",
    "OpeningBalance",
    "Person",
    "Plate",
    "Proof",
    "Reading",
    "ReadingRound",
    "Relation",
    "ReleaseItem",
    "ReleaseSlip",
    "Resource",
    "Section",
    "Unit",
    "Vehicle",
    "VisitNeed",
    "VisitPlan",
]
