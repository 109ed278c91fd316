"""What an officer's key signs, and the rule of release (spec/statement.md)."""

from functools import lru_cache
from hashlib import sha256

from . import cbor, ed25519
from .cbor import array, blob, uint
from .charter import Charter, Officer
from .charter_rules import DRAFTERS, EMERGENCY, RELEASERS
from .entry import ACKNOWLEDGE, DISCLOSE, ERASE, RELEASE, SERVICE, Entry, expand
from .faults import Refused
from .in_force import InForce

MOST_SIGNATURES = 8
MOST_AHEAD = 10**9
DRAFT_ROLE, RELEASE_ROLE, EMERGENCY_ROLE, ACKNOWLEDGE_ROLE = 1, 2, 3, 4

# (act, role): of which roles the officer is at least one.
ALLOWED = {
    (RELEASE, DRAFT_ROLE): DRAFTERS,
    (RELEASE, RELEASE_ROLE): RELEASERS,
    (RELEASE, EMERGENCY_ROLE): EMERGENCY,
    (DISCLOSE, DRAFT_ROLE): DRAFTERS,
    (DISCLOSE, RELEASE_ROLE): RELEASERS,
    (ERASE, DRAFT_ROLE): DRAFTERS,
    (ERASE, RELEASE_ROLE): RELEASERS,
    (ACKNOWLEDGE, ACKNOWLEDGE_ROLE): EMERGENCY,
}

# The forms that travel under these acts alone (§6).
FORMS = {ACKNOWLEDGE: (4, 5), SERVICE: (1, 101), DISCLOSE: (40,), ERASE: (41,)}


def form_fits(act: int, form: int) -> bool:
    """Whether a form may travel under an act."""
    if act == RELEASE:
        return form not in FORMS[DISCLOSE] + FORMS[ERASE]
    return form in FORMS[act]


@lru_cache(maxsize=4096)
def read(auth: bytes) -> tuple[tuple[int, int, int, int, bytes], ...]:
    """Encoded signatures: officer, key, role, ahead, signature of each."""
    found = []
    for one in array(cbor.whole(auth), 0, MOST_SIGNATURES):
        officer, key, role, ahead, scheme, signature = array(one, 6)
        uint(scheme, 1, 1)
        found.append(
            (
                uint(officer, cbor.U16),
                uint(key, 255),
                uint(role, 4, 1),
                uint(ahead, MOST_AHEAD),
                blob(signature, 64),
            )
        )
    return tuple(found)


def digest(entry: Entry) -> bytes:
    _, precedence, thread, c_body, _ = entry.fields
    return sha256(cbor.write(("khatt/1 release", c_body, precedence, thread))).digest()


def statement(
    line: bytes,
    kind: int,
    post: int,
    act: int,
    draft: bytes,
    what: bytes,
    role: int,
    not_after: int,
) -> bytes:
    """The hash of a statement."""
    items = ("khatt/1 statement", line, kind, post, act, draft, what, role, not_after)
    return sha256(cbor.write(items)).digest()


def signed_bytes(officer: int, key: int, hashed: bytes) -> bytes:
    """The COSE `Sig_structure` that is signed."""
    protected = bytes.fromhex("a201270443") + officer.to_bytes(2, "big") + bytes([key])
    return cbor.write(("Signature1", protected, b"khatt/1 statement", hashed))


def check(keys: InForce, author: int, entry: Entry, seed: bytes, auth: bytes) -> int:
    """Checks the officers' signatures of a message (§4, from step 2); returns how many there are."""
    officers = keys.keys(keys.charter.posts[author].party).officers
    return check_by(keys.charter, officers, author, entry, expand(seed, b"draft"), auth)


def check_by(
    charter: Charter,
    known: dict[int, Officer],
    author: int,
    entry: Entry,
    draft: bytes,
    auth: bytes,
) -> int:
    """The same by these officers, for what hands over the draft's id and no seed."""
    act, precedence = entry.fields[0], entry.fields[1]
    signatures = read(auth)
    officers = [officer for officer, *_ in signatures]
    if len(set(officers)) != len(officers):
        raise Refused("auth.signed-twice")
    what = digest(entry)
    for officer, key, role, ahead, signature in signatures:
        public = _key(charter, known, author, act, officer, key, role)
        not_after = (entry.t_ms // 1000 + ahead) * 1000
        if entry.t_ms > not_after:
            raise Refused("auth.expired")
        hashed = statement(charter.line, charter.kind, author, act, draft, what, role, not_after)
        if not ed25519.verify(public, signed_bytes(officer, key, hashed), signature):
            raise Refused("auth.bad-signature")
    _check_rule(charter, act, precedence, [role for _, _, role, _, _ in signatures])
    return len(signatures)


def _key(
    charter: Charter,
    known: dict[int, Officer],
    author: int,
    act: int,
    number: int,
    key: int,
    role: int,
) -> bytes:
    if number not in known or key >= len(known[number].keys):
        raise Refused("auth.no-such-officer")
    officer = known[number]
    if officer.party != charter.posts[author].party:
        raise Refused("auth.other-party")
    if not officer.roles & ALLOWED.get((act, role), 0):
        raise Refused("auth.other-role")
    return officer.keys[key][1:]


def _check_rule(charter: Charter, act: int, precedence: int, roles: list[int]) -> None:
    if act == SERVICE:
        if roles:
            raise Refused("auth.needless")
    elif act == ACKNOWLEDGE:
        if not roles:
            raise Refused("auth.too-few")
    elif EMERGENCY_ROLE in roles:
        if act != RELEASE or not charter.release[precedence][1]:
            raise Refused("auth.no-emergency")
    elif RELEASE_ROLE not in roles:
        raise Refused("auth.not-released")
    elif len(roles) < charter.release[precedence][0]:
        raise Refused("auth.too-few")
