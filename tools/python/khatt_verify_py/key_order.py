"""A party's word on its own keys: its file (spec/key-order.md §2, §3).

What it may change is in `party_keys`, which orders are in force in `in_force`.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from . import cbor
from .cbor import U32, array, ascending, blob, blob_within, text, uint
from .charter import MOST_ORDERS, PREKEY, ROLES, read_officer_keys, read_pq_key
from .faults import Refused
from .names import LONGEST

MOST_BYTES = 16_384
MOST_SIGNATURES = 9
OFFICER, GENERATION, CONNECTION, ROOT, CUT_OFF = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Order:
    line: bytes
    party: int
    number: int
    previous: bytes
    change: tuple
    hash: bytes
    signatures: tuple[tuple[int, bytes], ...]

    def signed_text(self, kind: int) -> bytes:
        return b"khatt/1 key order\0" + bytes([kind]) + self.line + self.hash


@lru_cache(maxsize=4096)
def read(data: bytes) -> Order:
    """Reads an order's file; judges form."""
    if len(data) > MOST_BYTES:
        raise Refused("decode.too-large")
    version, body, signatures = array(cbor.whole(data), 3)
    uint(version, 1, 1)
    items = array(cbor.whole(blob_within(body, MOST_BYTES)), 7)
    uint(items[0], 1, 1)
    uint(items[5], cbor.TIME)
    signed = []
    for one in array(signatures, 0, MOST_SIGNATURES):
        signer, signature = array(one, 2)
        signed.append((uint(signer, 8), blob(signature, 64)))
    ascending([signer for signer, _ in signed])
    return Order(
        blob(items[1], 32),
        uint(items[2], 7),
        uint(items[3], MOST_ORDERS, 1),
        blob(items[4], 32),
        _change(items[6]),
        sha256(body).digest(),
        tuple(signed),
    )


def _change(value: object) -> tuple:
    kind, *rest = array(value, 2, 9)
    uint(kind, CUT_OFF, OFFICER)
    if kind == OFFICER:
        officer, title, roles, keys = array(tuple(rest), 4)
        uint(officer, cbor.U16), text(title, LONGEST), uint(roles, ROLES), read_officer_keys(keys)
    elif kind == GENERATION:
        post, generation, log, following, pq, connection, prekey, addresses = array(tuple(rest), 8)
        uint(post, 15), uint(generation, U32)
        blob(log, 32), blob(following, 32), read_pq_key(pq), blob(connection, 32)
        blob(prekey, PREKEY), _addresses(addresses)
    elif kind == CONNECTION:
        post, connection, addresses = array(tuple(rest), 3)
        uint(post, 15), blob(connection, 32), _addresses(addresses)
    elif kind == ROOT:
        root, needed, keys = array(tuple(rest), 3)
        blob(root, 32), uint(needed, 8)
        for key in array(keys, 0, 8):
            blob(key, 32)
    else:
        uint(array(tuple(rest), 1)[0], 15)
    return (kind, *rest)


def _addresses(value: object) -> None:
    for one in array(value, 0, 8):
        text(one, 255)
