"""The verbs of the register: places, people, who occupies what, and what goes with it."""

from residents.actions.contacts import add_contact, end_contact
from residents.actions.identity import (
    erase_identity_copies,
    forget_identity_copies,
    keep_identity_copy,
    look_at_copies,
    record_identity,
    remove_identity_copy,
    renew_identities,
    unmask_identity,
)
from residents.actions.merging import merge_people, tell_apart
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
    void_occupancy,
)
from residents.actions.vehicles import add_vehicle, close_vehicles, end_vehicle

__all__ = [
    "add_contact",
    "add_vehicle",
    "build_person",
    "build_unit",
    "close_vehicles",
    "correct_person",
    "end_contact",
    "end_occupancy",
    "end_vehicle",
    "erase_identity_copies",
    "forget_identity_copies",
    "keep_identity_copy",
    "look_at_copies",
    "mark_handed_over",
    "merge_people",
    "move_in",
    "print_unit_file",
    "record_identity",
    "register_person",
    "register_unit",
    "remove_identity_copy",
    "renew_identities",
    "seal_person",
    "tell_apart",
    "unmask_identity",
    "unmask_phone",
    "void_occupancy",
]
