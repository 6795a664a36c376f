"""The verbs of the register: places, people, who occupies what, and what goes with it."""

from residents.actions.register import (
    build_person,
    build_unit,
    correct_person,
    end_occupancy,
    mark_handed_over,
    move_in,
    print_unit_file,
    register_person,
    register_unit,
    seal_person,
    unmask_phone,
)

__all__ = [
    "build_person",
    "build_unit",
    "correct_person",
    "end_occupancy",
    "mark_handed_over",
    "move_in",
    "print_unit_file",
    "register_person",
    "register_unit",
    "seal_person",
    "unmask_phone",
]
