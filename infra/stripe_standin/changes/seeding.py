"""Seeds charges. Seeding the same charges again changes nothing."""

from collections.abc import Iterable

from infra.stripe_standin.changes.charge_states import announce_seeded_charge
from infra.stripe_standin.changes.charges import make_charge
from infra.stripe_standin.changes.impossible import ImpossibleChangeError
from infra.stripe_standin.records.charges import ChargeSeed
from infra.stripe_standin.state import StandinState


class SeedConflictError(ImpossibleChangeError):
    """Another object already has an id of a seed."""


def seed_charges(
    standin: StandinState, seeds: Iterable[ChargeSeed], *, with_events: bool = False
) -> tuple[int, int]:
    """Seed all charges or none, and return how many were new and how many were unchanged.

    Args:
        standin: The stand-in.
        seeds: The charges.
        with_events: Whether to emit the events that Stripe sent while the charges were made.

    Raises:
        SeedConflictError: If a charge, payment intent or fee exists with other content.
    """
    new: dict[str, ChargeSeed] = {}
    unchanged = 0
    for seed in seeds:
        known = new.get(seed.id) or _known_seed(standin, seed)
        if known is None:
            _check_ids_are_free(standin, seed)
            new[seed.id] = seed
        elif known == seed:
            unchanged += 1
        else:
            message = f"charge {seed.id} exists with other content"
            raise SeedConflictError(message)
    _check_ids_are_distinct(new.values())
    for seed in new.values():
        charge = make_charge(standin, seed)
        if with_events:
            announce_seeded_charge(standin, charge)
    return len(new), unchanged


def _known_seed(standin: StandinState, seed: ChargeSeed) -> ChargeSeed | None:
    charges = standin.store.charges
    if seed.id not in charges:
        return None
    known = charges[seed.id].seed
    if known is None:
        message = f"charge {seed.id} was made through the API"
        raise SeedConflictError(message)
    return known


def _check_ids_are_free(standin: StandinState, seed: ChargeSeed) -> None:
    store = standin.store
    if seed.payment_intent is not None and seed.payment_intent in store.payment_intents:
        message = f"payment intent {seed.payment_intent} belongs to another charge"
        raise SeedConflictError(message)
    if seed.application_fee is not None and seed.application_fee in store.application_fees:
        message = f"application fee {seed.application_fee} belongs to another charge"
        raise SeedConflictError(message)


def _check_ids_are_distinct(seeds: Iterable[ChargeSeed]) -> None:
    charge_by_id: dict[str, str] = {}
    for seed in seeds:
        for id_ in (seed.payment_intent, seed.application_fee):
            if id_ is not None and charge_by_id.setdefault(id_, seed.id) != seed.id:
                message = f"charges {charge_by_id[id_]} and {seed.id} both have {id_}"
                raise SeedConflictError(message)
