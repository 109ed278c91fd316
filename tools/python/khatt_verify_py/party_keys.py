"""A party's keys as its orders and the charters change them (spec/key-order.md §3, §5, §6)."""

from dataclasses import dataclass, field
from hashlib import sha256

from . import ed25519, names
from .charter import Charter, Officer
from .faults import Refused
from .key_order import CONNECTION, CUT_OFF, GENERATION, OFFICER, ROOT, Order

BY_QUORUM_ALONE = {GENERATION, ROOT, CUT_OFF}
ADDED, ADDED_MOST = 1024, 256


@dataclass(frozen=True)
class Generation:
    """One generation of a post: what signs its log and what cosigns."""

    number: int
    log_key: bytes
    pq_key: bytes


@dataclass
class PostKeys:
    generations: list[Generation]
    following: bytes  # the hash of the next log key
    cosign: bytes
    connection: bytes
    cut_off: bool = False

    @property
    def now(self) -> Generation:
        return self.generations[-1]


@dataclass
class Keys:
    """A party's keys. `last` and `previous` are the number and hash of the order that was taken last."""

    party: int
    root: bytes
    needed: int
    recovery: tuple[bytes, ...]
    previous: bytes
    last: int = 0
    posts: dict[int, PostKeys] = field(default_factory=dict)
    officers: dict[int, Officer] = field(default_factory=dict)
    past_log_keys: set[bytes] = field(default_factory=set)
    added: int = 0

    @classmethod
    def of(cls, charter: Charter, party: int) -> "Keys":
        """The keys of a line's first charter."""
        row = charter.parties[party]
        keys = cls(party, row.root, row.needed, row.recovery, charter.line)
        keys.go_by(charter)
        return keys

    def go_by(self, charter: Charter) -> None:
        """Takes over what a charter says of this party (§6); whether it may say so is judged elsewhere."""
        row = charter.parties[self.party]
        self.root, self.needed, self.recovery = row.root, row.needed, row.recovery
        for number, post in enumerate(charter.posts):
            if post.party != self.party:
                continue
            begins = Generation(post.generation, post.log_key, post.pq_key)
            if number not in self.posts:
                self.posts[number] = PostKeys([begins], post.next_log_key, b"", b"")
            held = self.posts[number]
            held.generations[-1] = begins
            held.cosign, held.connection = post.cosign_key, post.connection_key
        for number, officer in enumerate(charter.officers):
            if officer.party == self.party:
                self.officers[number] = officer

    # --- Who signed ------------------------------------------------------------------------------

    def signers(self, order: Order, kind: int) -> frozenset[int]:
        """Who signed an order that follows these keys; refuses one with a signature that does not verify."""
        keys = (self.root, *self.recovery)
        for signer, signature in order.signatures:
            if signer >= len(keys) or not ed25519.verify(
                keys[signer], order.signed_text(kind), signature
            ):
                raise Refused("key-order.bad-signature")
        return frozenset(signer for signer, _ in order.signatures)

    def by_quorum(self, signers: frozenset[int]) -> bool:
        return self.needed >= 1 and len(signers - {0}) >= self.needed

    def is_signed(self, order: Order, signers: frozenset[int]) -> bool:
        return 0 in signers or (
            order.change[0] in BY_QUORUM_ALONE and self.by_quorum(signers)
        )

    # --- What it changes -------------------------------------------------------------------------

    def take(self, order: Order, judged: bool = False) -> None:
        """Makes an order's change, or refuses it. One that was `judged` before is made as it is."""
        CHANGES[order.change[0]](self, judged, *order.change[1:])
        self.last, self.previous = order.number, order.hash

    def _post(self, number: int) -> PostKeys:
        if number not in self.posts:
            raise Refused("key-order.other-post")
        return self.posts[number]

    def _others(self, without: set[bytes]) -> set[bytes]:
        """All keys of the party but those that are about to be replaced."""
        keys = {self.root, *self.recovery}
        for post in self.posts.values():
            keys |= {post.now.log_key, post.cosign, post.connection, post.now.pq_key}
        keys |= {key[1:] for officer in self.officers.values() for key in officer.keys}
        return (keys - without) | self.past_log_keys

    def _check_keys(self, keys: list[bytes], without: set[bytes], pq: bytes = b"") -> None:
        if not all(map(ed25519.usable, keys)):
            raise Refused("key-order.unusable-key")
        if pq:
            keys = [*keys, pq]
        if len(set(keys)) != len(keys) or self._others(without - {b""}) & set(keys):
            raise Refused("key-order.key-twice")

    def _officer(self, judged: bool, number: int, title: str, roles: int, keys: tuple) -> None:
        if not judged:
            names.check(title)
            if roles and not keys:
                raise Refused("key-order.officer-without-key")
            held = self.officers[number].keys if number in self.officers else ()
            self._check_keys([key[1:] for key in keys], {key[1:] for key in held})
        if number not in self.officers:
            new = ADDED * (self.party + 1) + self.added
            if not judged and (self.added == ADDED_MOST or number != new):
                raise Refused("key-order.other-officer")
            self.added += 1
        self.officers[number] = Officer(self.party, title, roles, tuple(keys))

    def _generation(
        self, judged: bool, number: int, generation: int, log: bytes, following: bytes, pq: bytes,
        connection: bytes, prekey: bytes, addresses: tuple,
    ) -> None:  # fmt: skip
        post = self._post(number)
        if not judged:
            if generation != post.now.number + 1:
                raise Refused("key-order.generation")
            if sha256(log).digest() != post.following:
                raise Refused("key-order.unannounced-key")
            for address in addresses:
                names.check(address)
            self._check_keys([log, connection], {post.connection, post.now.pq_key}, pq)
        self.past_log_keys.add(post.now.log_key)
        post.generations.append(Generation(generation, log, pq))
        post.following, post.connection, post.cut_off = following, connection, False

    def _connection(self, judged: bool, number: int, connection: bytes, addresses: tuple) -> None:
        post = self._post(number)
        if not judged:
            for address in addresses:
                names.check(address)
            self._check_keys([connection], {post.connection})
        post.connection = connection

    def _root(self, judged: bool, root: bytes, needed: int, keys: tuple) -> None:
        if not judged:
            if not (0 < needed <= len(keys) or needed == len(keys) == 0):
                raise Refused("key-order.numbers")
            self._check_keys([root, *keys], {self.root, *self.recovery})
        self.root, self.needed, self.recovery = root, needed, tuple(keys)

    def _cut_off(self, judged: bool, number: int) -> None:
        self._post(number).cut_off = True


CHANGES = {
    OFFICER: Keys._officer,
    GENERATION: Keys._generation,
    CONNECTION: Keys._connection,
    ROOT: Keys._root,
    CUT_OFF: Keys._cut_off,
}
