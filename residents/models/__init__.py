from residents.models.contacts import Contact, Occasion
from residents.models.identity import IdentityCopy
from residents.models.meters import MEASURES, Meter, MeterRule, MissedReading, Reading, ReadingRound, Resource
from residents.models.credentials import Credential
from residents.models.key_loans import KeyLoan
from residents.models.key_moves import KeyMove, Proof
from residents.models.keys import KeySet
from residents.models.occupancies import Occupancy
from residents.models.people import Person
from residents.models.places import Building, Section, Unit
from residents.models.vehicles import Vehicle
from residents.models.moving import (
    ConsentHow,
    Lift,
    MoveBooking,
    MoveRule,
    Relation,
)
from residents.models.occupancies import Occupancy
from residents.models.people import Person
from residents.models.places import Building, Section, Unit
from residents.models.releasing import ReleaseItem, ReleaseSlip

__all__ = [
    "MEASURES",
    "Building",
    "Contact",
    "IdentityCopy",
    "Meter",
    "MeterRule",
    "MissedReading",
    "Occasion",
    "Occupancy",
    "Person",
    "Reading",
    "ReadingRound",
    "Resource",
    "ConsentHow",
    "Lift",
    "MoveBooking",
    "MoveRule",
    "Occupancy",
    "Person",
    "Relation",
    "ReleaseItem",
    "ReleaseSlip",
    "Credential",
    "KeyLoan",
    "KeyMove",
    "KeySet",
    "Occupancy",
    "Person",
    "Proof",
    "Section",
    "Unit",
    "Vehicle",
from residents.models.boards import Board, BoardPrinting, Plate
from residents.models.occupancies import Occupancy
from residents.models.people import Person
from residents.models.places import Building, Section, Unit
from residents.models.visits import HomeVisit, VisitNeed, VisitPlan

__all__ = [
    "Board",
    "BoardPrinting",
    "Building",
    "HomeVisit",
    "Occupancy",
    "Person",
    "Plate",
    "Section",
    "Unit",
    "VisitNeed",
    "VisitPlan",
]
