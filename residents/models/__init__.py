from residents.models.occupancies import Occupancy
from residents.models.people import Person
from residents.models.places import Building, Section, Unit

__all__ = [
    "Building",
    "Occupancy",
    "Person",
    "Section",
    "Unit",
]
