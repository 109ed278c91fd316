"""One post's log as the rows of a file fill it (spec/verify.md §4, §5)."""

from collections.abc import Iterator
from dataclasses import dataclass

from . import checkpoint, key_order
from . import entry as entries
from .charter import Charter
from .entry import NOTHING, Entry, Seen
from .faults import Refused
from .in_force import InForce
from .key_order import Order
from .merkle import Tree, leaf_hash
from .party_keys import Generation
from .view import Generations, Placed, View


MOST_REFUSED = 65_536  # entries that a log refuses, of which it is remembered


@dataclass(frozen=True)
class Unsettled:
    """A root claimed of a log at a size; the file may reach it later."""

    log: int
    index: int
    about: int
    size: int
    root: bytes


class Orders:
    """Every key order of the file, and the keys by all of them, whoever has seen them."""

    def __init__(self, charter: Charter):
        self.placed: list[Placed] = []
        self.all = InForce(charter)
        # Where a fork of a party's orders came to light first.
        self.forks: dict[tuple[int, int], tuple[int, int]] = {}

    def add(self, place: tuple[int, int], order: Order) -> None:
        self.placed.append((place, order))
        try:
            _, forks = self.all.take(order)
        except Refused:
            return
        for fork in forks:
            self.forks.setdefault(fork, place)


class Log:
    def __init__(self, keys: InForce, number: int, added: bool = False):
        charter = keys.charter
        self.number = number
        self.line = charter.line
        self.posts = len(charter.posts)
        self.charter = charter  # the one in force for this post
        self.added = added  # whether a later charter than the first added this post
        self.view = View(keys.copy())
        first = keys.generations(number)[0]
        self.generations = Generations(charter.line, charter.kind, number, first)
        self.tree = Tree()
        self.seen: dict[int, Seen] = {}
        self.signed = 0
        # The first entry that names a charter which the file does not have there, or that may not follow, and the
        # first that names such entries.
        self.amend_unknown: int | None = None
        self.seen_beyond: int | None = None
        self.entry: Entry | None = None  # the last one, if it could be read
        self.receipted: dict[int, int] = {}  # how many entries of each other log its receipts cover
        self.refused: set[tuple[int, int]] = set()
        self.counts = dict.fromkeys(
            (
                "checkpoints",
                "cosignatures",
                "cosigned",
                "receipts",
                "messages",
                "opened",
                "closed",
                "withheld",
                "unknown",
                "key_orders",
            ),
            0,
        )

    def summary(self, charter: Charter) -> dict:
        post = charter.posts[self.number]
        return {
            "post": self.number,
            "name": post.name,
            "party": charter.parties[post.party].name,
            "entries": len(self.tree),
            "signed": self.signed,
            "root": self.tree.roots[-1].hex(),
            **self.counts,
            "generation": self.generations.now.number,
            "after_cut_off": self.generations.after(len(self.tree)),
        }

    def root_at(self, size: int) -> bytes | None:
        return self.tree.roots[size] if size < len(self.tree.roots) else None

    def take(
        self,
        leaf: bytes,
        logs: list["Log"],
        charters: list[Charter],
        orders: Orders,
        unsettled: list[Unsettled],
    ) -> Iterator[str]:
        """Appends an entry and yields the codes of what does not hold."""
        index = len(self.tree)
        self.tree.append(leaf_hash(leaf))
        self.entry = None
        try:
            entry = entries.read(leaf, self.number, self.posts)
        except Refused:
            yield "verify.malformed"
            return
        self.entry = entry
        yield from self._seen(entry, index, logs)
        yield from self._opening(entry, index, charters)
        yield from self._keys(entry, index, logs, orders)
        yield from self._refers(entry, index, logs, unsettled)
        yield from self._amend(entry, index, charters)
        if entry.type == entries.RECEIPT:
            self.counts["receipts"] += 1
        elif entry.type not in entries.READERS:
            self.counts["unknown"] += 1

    def _opening(self, entry: Entry, index: int, charters: list[Charter]) -> Iterator[str]:
        if (entry.type == entries.OPEN) != (index == 0):
            yield "verify.opening"
        elif entry.type == entries.OPEN:
            line, _, generation = entry.fields
            known = {
                one.posts[self.number].generation
                for one in charters
                if self.number < len(one.posts)
            }
            if line != self.line or generation not in known:
                yield "verify.opening"

    def _seen(self, entry: Entry, index: int, logs: list["Log"]) -> Iterator[str]:
        shrank = beyond = False
        for post, seen in enumerate(entry.seen):
            if post == self.number:
                continue
            shrank |= not seen.covers(self.seen.get(post, NOTHING))
            beyond |= seen.end() > len(logs[post].tree)
            self.seen[post] = seen
        if shrank:
            yield "verify.seen-shrank"
        if beyond:
            if self.seen_beyond is None:
                self.seen_beyond = index
            yield "verify.seen-beyond"

    def _keys(self, entry: Entry, index: int, logs: list["Log"], orders: Orders) -> Iterator[str]:
        """Brings into force what the author had seen and what the entry itself orders."""
        self.view.learn(entry.seen, orders.placed)
        cut_off = self.view.keys.is_cut_off(self.number)
        order = None
        if entry.type == entries.KEYS:
            self.counts["key_orders"] += 1
            place = (self.number, index)
            try:
                order = key_order.read(entry.fields[0])
            except Refused:
                yield "verify.key-order"
            else:
                orders.add(place, order)
                if not self.view.take_own(place, order):
                    yield "verify.key-order"
        yield from self.generations.check(index, order, cut_off, self.view.keys)
        for post in self.view.newly_cut_off() - {self.number}:
            if post < len(entry.seen):
                logs[post].generations.cut_off(self.view.keys, entry.seen[post].prefix)

    def _refers(
        self, entry: Entry, index: int, logs: list["Log"], unsettled: list[Unsettled]
    ) -> Iterator[str]:
        if entry.type == entries.MESSAGE and entry.fields[2] != 0:
            post, first = entry.fields[2]
            if not (first < index if post == self.number else entry.seen[post].holds(first)):
                yield "verify.thread-unknown"
        elif entry.type == entries.RECEIPT:
            about, size, root = entry.fields
            if size > entry.seen[about].prefix:
                yield "verify.receipt-beyond"
            self.receipted[about] = max(size, self.receipted.get(about, 0))
            unsettled.append(Unsettled(self.number, index, about, size, root))
        elif entry.type == entries.AHEAD:
            about, place, size, root = entry.fields
            if not entry.seen[about].holds(place):
                yield "verify.receipt-beyond"
            if (about, place) in self.refused:
                yield "verify.receipt-refused"
            unsettled.append(Unsettled(self.number, index, about, size, root))
        elif entry.type == entries.REFUSAL:
            about, place, _ = entry.fields
            if not entry.seen[about].holds(place):
                yield "verify.refusal-unknown"
            if (about, place) not in self.refused and len(self.refused) < MOST_REFUSED:
                self.refused.add((about, place))
                if place < self.receipted.get(about, 0):
                    yield "verify.refusal-late"

    def _amend(self, entry: Entry, index: int, charters: list[Charter]) -> Iterator[str]:
        if entry.type != entries.AMEND:
            return
        hashes = [one.hash for one in charters]
        current = hashes.index(self.charter.hash)
        if entry.fields[0] not in hashes[current + 1 :]:
            yield "verify.amend-unknown"
            if self.amend_unknown is None:
                self.amend_unknown = index
            return
        keys, last = self.view.keys.copy(), hashes.index(entry.fields[0])
        try:
            for charter in charters[current + 1 : last + 1]:
                keys.amend(charter, now=True)
        except Refused:
            yield "verify.amend-refused"
            if self.amend_unknown is None:
                self.amend_unknown = index
            return
        self.view.keys, self.charter = keys, charters[last]
        self.posts = len(self.charter.posts)

    def checkpoint(self, size: int, signature: bytes, root: bytes | None) -> str | None:
        """Takes a checkpoint; returns the code of what does not hold."""
        actual = self.root_at(size)
        if size < 1 or actual is None:
            return "verify.checkpoint-beyond"
        claimed = actual if root is None else root
        if root is not None and root == actual:
            return "verify.checkpoint-signature"
        if not self._signed(self.generations.at(size), size, claimed, signature):
            ended = self.generations.ended(size)
            if any(self._signed(one, size, claimed, signature) for one in ended):
                return "verify.checkpoint-ended"
            return "verify.checkpoint-signature"
        if claimed != actual:
            return "verify.checkpoint-other-root"
        self.counts["checkpoints"] += 1
        self.signed = max(self.signed, size)
        return None

    def _signed(self, by: Generation, size: int, root: bytes, signature: bytes) -> bool:
        return checkpoint.signed(by.log_key, self.generations.origin(by), size, root, signature)
