"""One numbered item of a post's log, as its leaf bytes (spec/entry.md §1 to §3), and what opens it (§4)."""

import hmac
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from . import cbor
from .cbor import TIME, U16, U32, U64, array, ascending, blob, blob_within, uint
from .faults import Refused

MOST_BYTES = 65_536
MOST_ITEMS = 64
MOST_GAPS = 64
MOST_BODY = 262_144
MOST_AUTH = 16_384
PREKEY = 1216
CAPSULE = 1168
MOST_ORDER = 16_384

OPEN, MESSAGE, RECEIPT, EPOCH, PREKEY_ENTRY, KEYS, AHEAD, REFUSAL, AMEND = (
    0,
    1,
    2,
    3,
    4,
    5,
    8,
    9,
    10,
)
RELEASE, ACKNOWLEDGE, SERVICE, DISCLOSE, ERASE = 1, 2, 3, 4, 5


@dataclass(frozen=True)
class Seen:
    """What an author held of one other log: all below `prefix`, and the entries in `beyond`."""

    prefix: int
    beyond: tuple[int, ...] = ()

    def holds(self, index: int) -> bool:
        return index < self.prefix or index in self.beyond

    def covers(self, earlier: "Seen") -> bool:
        return self.prefix >= earlier.prefix and all(map(self.holds, earlier.beyond))

    def end(self) -> int:
        """One more than the last entry it names."""
        return self.beyond[-1] + 1 if self.beyond else self.prefix


NOTHING = Seen(0)


@dataclass(frozen=True)
class Entry:
    type: int
    t_ms: int
    seen: tuple[Seen, ...]  # by post, with NOTHING in the author's own place
    fields: tuple  # the items after `seen`, as read; empty for a type not known here


@lru_cache(maxsize=65536)
def read(leaf: bytes, own: int, posts: int) -> Entry:
    """Reads an entry of the log of post `own` on a line with so many posts."""
    if len(leaf) > MOST_BYTES:
        raise Refused("decode.too-large")
    items = cbor.whole(leaf)
    items = array(items, 4, MOST_ITEMS)
    if uint(items[0]) != 1:
        raise Refused("decode.unknown-number")
    kind = uint(items[1], U16)
    t_ms = uint(items[2], TIME)
    others = array(items[3], posts - 1)
    seen = [_seen(one) for one in others]
    seen.insert(own, NOTHING)
    reader = READERS.get(kind)
    fields = reader(items[4:], own, posts) if reader else ()
    return Entry(kind, t_ms, tuple(seen), fields)


def _seen(value: object) -> Seen:
    if isinstance(value, int):
        return Seen(uint(value))
    items = [uint(one) for one in array(value, 2, MOST_GAPS + 1)]
    return Seen(items[0], tuple(ascending(items)[1:]))


def _open(items: tuple, own: int, posts: int) -> tuple:
    line, post, generation = array(items, 3)
    return blob(line, 32), _exactly(post, own), uint(generation, U32)


def _message(items: tuple, own: int, posts: int) -> tuple:
    act, precedence, thread, body, auth = array(items, 5)
    if thread != 0 or not isinstance(thread, int):
        post, index = array(thread, 2)
        thread = (_post(post, posts), uint(index))
    return uint(act, 5, 1), uint(precedence, 3), thread, blob(body, 32), blob(auth, 32)


def _receipt(items: tuple, own: int, posts: int) -> tuple:
    log, size, root = array(items, 3)
    return _other(log, own, posts), uint(size, U64, 1), blob(root, 32)


def _epoch(items: tuple, own: int, posts: int) -> tuple:
    number, capsules = array(items, 2)
    capsules = [array(one, 3) for one in array(capsules, 0, posts)]
    for post, prekey, capsule in capsules:
        _other(post, own, posts)
        uint(prekey, U32)
        blob(capsule, CAPSULE)
    ascending([post for post, _, _ in capsules])
    return uint(number, U32), tuple(capsules)


def _prekey(items: tuple, own: int, posts: int) -> tuple:
    number, key = array(items, 2)
    return uint(number, U32), blob(key, PREKEY)


def _keys(items: tuple, own: int, posts: int) -> tuple:
    return (blob_within(array(items, 1)[0], MOST_ORDER),)


def _ahead(items: tuple, own: int, posts: int) -> tuple:
    log, index, size, root = array(items, 4)
    if uint(size) <= uint(index):
        raise Refused("decode.contradiction")
    return _other(log, own, posts), index, size, blob(root, 32)


def _refusal(items: tuple, own: int, posts: int) -> tuple:
    log, index, reason = array(items, 3)
    return _other(log, own, posts), uint(index), uint(reason, U16)


def _amend(items: tuple, own: int, posts: int) -> tuple:
    return (blob(array(items, 1)[0], 32),)


READERS = {
    OPEN: _open,
    MESSAGE: _message,
    RECEIPT: _receipt,
    EPOCH: _epoch,
    PREKEY_ENTRY: _prekey,
    KEYS: _keys,
    AHEAD: _ahead,
    REFUSAL: _refusal,
    AMEND: _amend,
}


def _post(value: object, posts: int) -> int:
    return uint(value, posts - 1)


def _exactly(value: object, own: int) -> int:
    return uint(value, own, own)


def _other(value: object, own: int, posts: int) -> int:
    post = _post(value, posts)
    if post == own:
        raise Refused("decode.contradiction")
    return post


# --- Commitments ---------------------------------------------------------------------------------


def expand(seed: bytes, label: bytes) -> bytes:
    return hmac.digest(seed, label + b"\x01", "sha256")[:16]


def body_commitment(salt: bytes, body: bytes) -> bytes:
    return sha256(b"khatt/1 body" + salt + body).digest()


def auth_commitment(salt: bytes, auth: bytes) -> bytes:
    return sha256(b"khatt/1 auth" + salt + auth).digest()


def opens(entry: Entry, seed: bytes, body: bytes, auth: bytes) -> bool:
    """Whether an open part is that of a message entry: both commitments agree."""
    return (
        body_commitment(expand(seed, b"body"), body) == entry.fields[3]
        and auth_commitment(expand(seed, b"auth"), auth) == entry.fields[4]
    )
