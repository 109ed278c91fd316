"""What all parties of a line sign before the first message: its bytes (spec/charter.md §2, §4, §5).

The rules that a charter must keep are in `charter_rules`, amendments in `amendment`.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from . import cbor, ed25519
from .cbor import U32, U64, array, ascending, blob, text, uint
from .faults import Refused
from .names import LONGEST

MOST_BYTES = 262_144
MOST_FILE = MOST_BYTES
PREKEY = 1216
PQ_KEY = 1312
MOST_ORDERS = 4096
REAL, DRILL, REHEARSAL = 1, 2, 3
KINDS = {REAL: "real", DRILL: "drill", REHEARSAL: "rehearsal"}
WATCH, RELEASING, LINGUIST, TECHNICAL, AUDITOR, COMMANDER = (1 << n for n in range(6))
ROLES = (1 << 6) - 1


@dataclass(frozen=True)
class Party:
    name: str
    root: bytes
    needed: int
    recovery: tuple[bytes, ...]
    orders: int


@dataclass(frozen=True)
class Post:
    party: int
    name: str
    generation: int
    log_key: bytes
    cosign_key: bytes
    connection_key: bytes
    prekey: bytes
    next_log_key: bytes
    pq_key: bytes
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class Officer:
    party: int
    title: str
    roles: int
    keys: tuple[bytes, ...]


@dataclass(frozen=True)
class Charter:
    hash: bytes
    kind: int
    parties: tuple[Party, ...]
    posts: tuple[Post, ...]
    officers: tuple[Officer, ...]
    release: tuple[tuple[int, bool], ...]
    languages: tuple[str, ...]
    forms: tuple[tuple[int, int, bytes], ...]
    glossary: bytes
    gazetteer: bytes
    clocks: tuple[tuple[int, int, int], ...]
    line_test: tuple[int, int]
    quotas: tuple[int, int, int, int]
    mediators: tuple[tuple[str, bytes, tuple[str, ...]], ...]
    witnesses: tuple[str, ...]
    floor_forms: tuple[int, ...]
    replaces: tuple[bytes, bytes] | None

    @property
    def line(self) -> bytes:
        """The id of the line: the hash of its first charter."""
        return self.replaces[0] if self.replaces else self.hash


@lru_cache(maxsize=4096)
def read(data: bytes) -> Charter:
    """Reads a charter's bytes; judges form, not rules."""
    if len(data) > MOST_BYTES:
        raise Refused("charter.too-large")
    items = array(cbor.whole(data), 20)
    if uint(items[0]) != 1 or uint(items[1]) != 1:
        raise Refused("charter.unknown-version")
    kind = uint(items[2], REHEARSAL, 1)
    blob(items[3], 16)
    uint(items[4], cbor.TIME)
    parties = tuple(_party(one) for one in array(items[5], 2, 8))
    posts = tuple(read_post(one) for one in array(items[6], 1, 16))
    officers = tuple(read_officer(one) for one in array(items[7], 0, 512))
    forms = [
        (uint(number, 255), uint(version, 255), blob(digest, 32))
        for number, version, digest in (array(one, 3) for one in array(items[10], 0, 255))
    ]
    ascending([number for number, _, _ in forms])
    floor = array(items[18], 2)
    ascending([uint(one, 3) for one in array(floor[0], 0, 4)])
    floor_forms = ascending([uint(one, 255) for one in array(floor[1], 0, 255)])
    quotas = array(items[15], 4)
    return Charter(
        hash=sha256(data).digest(),
        kind=kind,
        parties=parties,
        posts=posts,
        officers=officers,
        release=tuple(
            (uint(count, 255), bool(uint(single, 1)))
            for count, single in (array(one, 2) for one in array(items[8], 4))
        ),
        languages=tuple(_tag(one) for one in array(items[9], 1, 16)),
        forms=tuple(forms),
        glossary=blob(items[11], 32),
        gazetteer=blob(items[12], 32),
        clocks=tuple(
            tuple(uint(one, U32) for one in array(clock, 3)) for clock in array(items[13], 4)
        ),
        line_test=tuple(uint(one, U32) for one in array(items[14], 2)),
        quotas=tuple(uint(one, U64 if n == 2 else U32) for n, one in enumerate(quotas)),
        mediators=tuple(_mediator(one) for one in array(items[16], 0, 8)),
        witnesses=tuple(text(one, 255) for one in array(items[17], 0, 16)),
        floor_forms=tuple(floor_forms),
        replaces=_replaces(items[19]),
    )


def _party(value: object) -> Party:
    name, root, needed, recovery, orders = array(value, 5)
    return Party(
        text(name, LONGEST),
        blob(root, 32),
        uint(needed, 8),
        tuple(blob(key, 32) for key in array(recovery, 0, 8)),
        uint(orders, U32),
    )


def read_post(value: object) -> Post:
    party, name, generation, log, cosign, connection, prekey, following, pq, addresses = array(
        value, 10
    )
    return Post(
        uint(party, 255),
        text(name, LONGEST),
        uint(generation, U32),
        blob(log, 32),
        blob(cosign, 32),
        blob(connection, 32),
        blob(prekey, PREKEY),
        blob(following, 32),
        read_pq_key(pq),
        _addresses(addresses),
    )


def read_officer(value: object) -> Officer:
    party, title, roles, keys = array(value, 4)
    return Officer(
        uint(party, 255), text(title, LONGEST), uint(roles, ROLES), read_officer_keys(keys)
    )


def read_officer_keys(value: object) -> tuple[bytes, ...]:
    keys = tuple(blob(key, 33) for key in array(value, 0, 16))
    if any(key[0] != 1 for key in keys):
        raise Refused("decode.unknown-number")
    return keys


def read_pq_key(value: object) -> bytes:
    """An ML-DSA-44 key, or none."""
    return blob(value, PQ_KEY if value else 0)


def _addresses(value: object) -> tuple[str, ...]:
    return tuple(text(one, 255) for one in array(value, 0, 8))


def _mediator(value: object) -> tuple[str, bytes, tuple[str, ...]]:
    name, key, addresses = array(value, 3)
    return text(name, LONGEST), blob(key, 32), _addresses(addresses)


def _tag(value: object) -> str:
    tag = text(value, 35, 2)
    if not all(one.isascii() and (one.isalnum() or one == "-") for one in tag):
        raise Refused("charter.languages")
    return tag


def _replaces(value: object) -> tuple[bytes, bytes] | None:
    if value == 0 and isinstance(value, int):
        return None
    line, replaced = array(value, 2)
    return blob(line, 32), blob(replaced, 32)


# --- The file, and who signed it -----------------------------------------------------------------


def signed_text(kind: int, digest: bytes) -> bytes:
    return b"khatt/1 charter\0" + bytes([kind]) + digest


@lru_cache(maxsize=4096)
def read_file(data: bytes) -> Charter:
    """Reads a charter file that all parties signed; judges signatures, not rules."""
    if len(data) > MOST_FILE:
        raise Refused("charter.too-large")
    version, inner, signatures = array(cbor.whole(data), 3)
    if uint(version) != 1:
        raise Refused("charter.unknown-version")
    charter = read(cbor.blob_within(inner, MOST_BYTES))
    parties = []
    for party, signature in (array(one, 2) for one in array(signatures, 0, 8)):
        if uint(party) >= len(charter.parties):
            raise Refused("charter.no-such-party")
        key = charter.parties[party].root
        if not ed25519.verify(key, signed_text(charter.kind, charter.hash), blob(signature, 64)):
            raise Refused("charter.bad-signature")
        parties.append(party)
    ascending(parties)
    if len(parties) != len(charter.parties):
        raise Refused("charter.unsigned")
    return charter
