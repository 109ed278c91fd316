"""The rules that every charter keeps, and those between a charter and the one it replaces.

spec/charter.md §3 and §6.
"""

import base64
import binascii
import re
from functools import lru_cache
from hashlib import sha256

from . import charter as charters
from . import ed25519, names
from .charter import Charter, Officer
from .faults import Refused

DRAFTERS = charters.WATCH | charters.RELEASING | charters.LINGUIST | charters.COMMANDER
RELEASERS = charters.RELEASING | charters.COMMANDER
EMERGENCY = charters.WATCH | charters.RELEASING | charters.COMMANDER


@lru_cache(maxsize=4096)
def load(data: bytes) -> Charter:
    """A charter file that all signed and that keeps the rules, or a refusal."""
    charter = charters.read_file(data)
    check(charter)
    return charter


def check(charter: Charter) -> None:
    """Refuses a charter that breaks a rule."""
    _check_names(charter)
    for one in (*charter.posts, *charter.officers):
        if one.party >= len(charter.parties):
            raise Refused("charter.no-such-party")
    if {post.party for post in charter.posts} != set(range(len(charter.parties))):
        raise Refused("charter.party-without-post")
    if any(not officer.keys for officer in charter.officers):
        raise Refused("charter.officer-without-key")
    _check_keys(charter)
    _check_release(charter)
    if not set(charter.floor_forms) <= {number for number, _, _ in charter.forms}:
        raise Refused("charter.forms")
    _check_numbers(charter)
    if len(set(charter.languages)) != len(charter.languages):
        raise Refused("charter.languages")
    for witness in charter.witnesses:
        _check_witness(witness)
    for party in charter.parties:
        if not (
            0 < party.needed <= len(party.recovery) or party.needed == len(party.recovery) == 0
        ):
            raise Refused("charter.numbers")
    if charter.replaces is None:
        if any(post.generation for post in charter.posts):
            raise Refused("charter.generation")
        if any(party.orders for party in charter.parties):
            raise Refused("charter.numbers")


def _check_names(charter: Charter) -> None:
    parties = [party.name for party in charter.parties]
    posts = [post.name for post in charter.posts]
    mediators = [name for name, _, _ in charter.mediators]
    addresses = [one for post in charter.posts for one in post.addresses]
    addresses += [one for _, _, some in charter.mediators for one in some]
    for name in (*parties, *posts, *mediators, *(o.title for o in charter.officers), *addresses):
        names.check(name)
    for some in (parties, posts, mediators):
        names.check_distinct(some)


def _check_keys(charter: Charter) -> None:
    keys = [key for party in charter.parties for key in (party.root, *party.recovery)]
    for post in charter.posts:
        keys += [post.log_key, post.cosign_key, post.connection_key]
    keys += [key[1:] for officer in charter.officers for key in officer.keys]
    keys += [key for _, key, _ in charter.mediators]
    if not all(map(ed25519.usable, keys)):
        raise Refused("charter.unusable-key")
    keys += [post.pq_key for post in charter.posts if post.pq_key]
    if len(set(keys)) != len(keys):
        raise Refused("charter.key-twice")


def _check_release(charter: Charter) -> None:
    for count, single in charter.release:
        if not 1 <= count <= 8:
            raise Refused("charter.numbers")
        for party in range(len(charter.parties)):
            own = [officer for officer in charter.officers if officer.party == party]
            if own and not (_enough(own, count) or (single and _any(own, EMERGENCY))):
                raise Refused("charter.unsatisfiable")


def _enough(officers: list[Officer], count: int) -> bool:
    return sum(bool(o.roles & DRAFTERS) for o in officers) >= count and _any(officers, RELEASERS)


def _any(officers: list[Officer], roles: int) -> bool:
    return any(officer.roles & roles for officer in officers)


def _check_numbers(charter: Charter) -> None:
    for acknowledge, escalate, give_up in charter.clocks:
        if not 0 < acknowledge <= escalate <= give_up:
            raise Refused("charter.numbers")
    interval, answer = charter.line_test
    entry_bytes, entries, day_bytes, flash = charter.quotas
    if not 0 < answer <= interval or not entry_bytes or not entries or not flash:
        raise Refused("charter.numbers")
    if day_bytes < entry_bytes:
        raise Refused("charter.numbers")


def _check_witness(text: str) -> None:
    """A C2SP verifier key: `name+id in hex+base64(type ‖ key)`."""
    parts = text.split("+", 2)
    if len(parts) != 3 or not parts[0] or re.search(r"\s", parts[0]):
        raise Refused("charter.witness")
    name, digits, data = parts
    try:
        key = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("charter.witness") from None
    if len(key) != 33 or key[0] != 1 or base64.b64encode(key).decode() != data:
        raise Refused("charter.witness")
    if digits != sha256(name.encode() + b"\n" + key).digest()[:4].hex():
        raise Refused("charter.witness")
    if not ed25519.usable(key[1:]):
        raise Refused("charter.witness")


# --- Amendments ----------------------------------------------------------------------------------


def check_succession(old: Charter, new: Charter) -> None:
    """Refuses a charter that may not follow `old` on its line, whatever keys are in force.

    What hangs on these is in `in_force`.
    """
    if new.replaces is None or new.replaces != (old.line, old.hash):
        raise Refused("amend.other-predecessor")
    if new.kind != old.kind:
        raise Refused("amend.other-kind")
    if [party.name for party in new.parties] != [party.name for party in old.parties]:
        raise Refused("amend.other-parties")
    if any(after.orders < before.orders for before, after in zip(old.parties, new.parties)):
        raise Refused("amend.other-orders")
    if len(new.posts) < len(old.posts) or len(new.officers) < len(old.officers):
        raise Refused("amend.other-post")
    for before, after in zip(old.posts, new.posts):
        if before.party != after.party:
            raise Refused("amend.other-post")
    for before, after in zip(old.officers, new.officers):
        if before.party != after.party:
            raise Refused("amend.other-officer")
