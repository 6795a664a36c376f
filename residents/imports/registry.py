"""All that a file may hold, in the order in which a register is filled."""

from residents.imports.balances import Balances
from residents.imports.meters import Meters
from residents.imports.people import Occupancies, People
from residents.imports.places import Buildings, Units

TARGETS = {target.key: target for target in (Buildings, Units, People, Occupancies, Meters, Balances)}
