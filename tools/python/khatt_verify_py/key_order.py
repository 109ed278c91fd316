"""A party's word on its own keys: the file, who must have signed it, and what it may change.

spec/key-order.md §2, §3, §5, and of §4 the first three rules: an order taken on top of a charter and of
those in force before it. Which orders an entry goes by is not settled here.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from . import cbor, ed25519, names
from .cbor import U32, array, ascending, blob, blob_within, text, uint
from .charter import (
    MOST_ORDERS,
    PREKEY,
    ROLES,
    Charter,
    Officer,
    read_officer_keys,
    read_pq_key,
)
from .faults import Refused
from .names import LONGEST

MOST_BYTES = 16_384
MOST_SIGNATURES = 9
OFFICER, GENERATION, CONNECTION, ROOT, CUT_OFF = 1, 2, 3, 4, 5
BY_QUORUM_ALONE = {GENERATION, ROOT, CUT_OFF}
ADDED, ADDED_MOST = 1024, 256


@dataclass(frozen=True)
class Order:
    line: bytes
    party: int
    number: int
    previous: bytes
    change: tuple
    hash: bytes
    signatures: tuple[tuple[int, bytes], ...]


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


@dataclass
class Keys:
    """A party's keys after the orders taken so far."""

    charter: Charter
    party: int
    root: bytes = b""
    needed: int = 0
    recovery: tuple[bytes, ...] = ()
    posts: dict[int, dict] = field(default_factory=dict)
    officers: dict[int, Officer] = field(default_factory=dict)
    past_log_keys: set[bytes] = field(default_factory=set)
    added: int = 0
    last: int = 0
    previous: bytes = b""

    @classmethod
    def of(cls, charter: Charter, party: int) -> "Keys":
        row = charter.parties[party]
        return cls(
            charter,
            party,
            row.root,
            row.needed,
            row.recovery,
            {
                number: {
                    "generation": post.generation,
                    "log": post.log_key,
                    "next": post.next_log_key,
                    "cosign": post.cosign_key,
                    "connection": post.connection_key,
                    "pq": post.pq_key,
                    "cut off": False,
                }
                for number, post in enumerate(charter.posts)
                if post.party == party
            },
            {n: one for n, one in enumerate(charter.officers) if one.party == party},
            last=row.orders,
            previous=charter.line,
        )

    def take(self, order: Order) -> None:
        """Takes the next order of the party, or refuses it."""
        if order.line != self.charter.line:
            raise Refused("key-order.other-line")
        if order.party != self.party:
            raise Refused("key-order.other-party")
        if order.number > self.last + 1:
            raise Refused("key-order.waits")
        if order.number <= self.last or order.previous != self.previous:
            raise Refused("key-order.other-predecessor")
        self._check_signed(order)
        CHANGES[order.change[0]](self, *order.change[1:])
        self.last, self.previous = order.number, order.hash

    def _check_signed(self, order: Order) -> None:
        data = b"khatt/1 key order\0" + bytes([self.charter.kind]) + self.charter.line + order.hash
        signers = (self.root, *self.recovery)
        for signer, signature in order.signatures:
            if signer >= len(signers) or not ed25519.verify(signers[signer], data, signature):
                raise Refused("key-order.bad-signature")
        by_root = any(signer == 0 for signer, _ in order.signatures)
        recovering = len(order.signatures) - by_root
        by_quorum = self.needed >= 1 and recovering >= self.needed
        if not by_root and not (by_quorum and order.change[0] in BY_QUORUM_ALONE):
            raise Refused("key-order.unauthorised")

    def _post(self, number: int) -> dict:
        if number not in self.posts:
            raise Refused("key-order.other-post")
        return self.posts[number]

    def _others(self, without: set[bytes]) -> set[bytes]:
        """All keys of the party but those that are about to be replaced."""
        keys = {self.root, *self.recovery}
        for post in self.posts.values():
            keys |= {post["log"], post["cosign"], post["connection"], post["pq"]}
        keys |= {key[1:] for officer in self.officers.values() for key in officer.keys}
        return (keys - without) | self.past_log_keys

    def _check_keys(self, keys: list[bytes], without: set[bytes], pq: bytes = b"") -> None:
        if not all(map(ed25519.usable, keys)):
            raise Refused("key-order.unusable-key")
        if pq:
            keys = [*keys, pq]
        if len(set(keys)) != len(keys) or self._others(without - {b""}) & set(keys):
            raise Refused("key-order.key-twice")

    def _officer(self, number: int, title: str, roles: int, keys: tuple) -> None:
        names.check(title)
        if number not in self.officers:
            if self.added == ADDED_MOST or number != ADDED * (self.party + 1) + self.added:
                raise Refused("key-order.other-officer")
            self.added += 1
        if roles and not keys:
            raise Refused("key-order.officer-without-key")
        held = self.officers[number].keys if number in self.officers else ()
        self._check_keys([key[1:] for key in keys], {key[1:] for key in held})
        self.officers[number] = Officer(self.party, title, roles, tuple(keys))

    def _generation(
        self, number: int, generation: int, log: bytes, following: bytes, pq: bytes,
        connection: bytes, prekey: bytes, addresses: tuple,
    ) -> None:  # fmt: skip
        post = self._post(number)
        if generation != post["generation"] + 1:
            raise Refused("key-order.generation")
        if sha256(log).digest() != post["next"]:
            raise Refused("key-order.unannounced-key")
        for address in addresses:
            names.check(address)
        self._check_keys([log, connection], {post["connection"], post["pq"]}, pq)
        self.past_log_keys.add(post["log"])
        post.update(
            {"generation": generation, "log": log, "next": following, "pq": pq}
            | {"connection": connection, "cut off": False}
        )

    def _connection(self, number: int, connection: bytes, addresses: tuple) -> None:
        post = self._post(number)
        for address in addresses:
            names.check(address)
        self._check_keys([connection], {post["connection"]})
        post["connection"] = connection

    def _root(self, root: bytes, needed: int, keys: tuple) -> None:
        if not (0 < needed <= len(keys) or needed == len(keys) == 0):
            raise Refused("key-order.numbers")
        self._check_keys([root, *keys], {self.root, *self.recovery})
        self.root, self.needed, self.recovery = root, needed, tuple(keys)

    def _cut_off(self, number: int) -> None:
        self._post(number)["cut off"] = True


CHANGES = {
    OFFICER: Keys._officer,
    GENERATION: Keys._generation,
    CONNECTION: Keys._connection,
    ROOT: Keys._root,
    CUT_OFF: Keys._cut_off,
}
