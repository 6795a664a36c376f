from residents.models.contacts import Contact, Occasion
from residents.models.identity import IdentityCopy
from residents.models.occupancies import Occupancy
from residents.models.people import Person
from residents.models.places import Building, Section, Unit
from residents.models.vehicles import Vehicle

__all__ = [
    "Building",
    "Contact",
    "IdentityCopy",
    "Occasion",
    "Occupancy",
    "Person",
    "Section",
    "Unit",
    "Vehicle",
]
