"""One post's log as the rows of a file fill it (spec/verify.md §4, §5)."""

from collections.abc import Iterator
from dataclasses import dataclass

from . import checkpoint
from . import entry as entries
from .charter import Charter
from .entry import NOTHING, Entry, Seen
from .faults import Refused
from .merkle import Tree, leaf_hash


@dataclass(frozen=True)
class Unsettled:
    """A root claimed of a log at a size; the file may reach it later."""

    log: int
    index: int
    about: int
    size: int
    root: bytes


class Log:
    def __init__(self, charter: Charter, number: int):
        self.number = number
        self.line = charter.line
        self.kind = charter.kind
        self.posts = len(charter.posts)
        self.charter = charter  # the one in force for this post
        self.tree = Tree()
        self.seen: dict[int, Seen] = {}
        self.signed = 0
        # The first entries that name a charter, and entries, which the file does not have there.
        self.amend_unknown: int | None = None
        self.seen_beyond: int | None = None
        self.entry: Entry | None = None  # the last one, if it could be read
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
        }

    def root_at(self, size: int) -> bytes | None:
        return self.tree.roots[size] if size < len(self.tree.roots) else None

    def take(
        self, leaf: bytes, logs: list["Log"], charters: list[Charter], unsettled: list[Unsettled]
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
            unsettled.append(Unsettled(self.number, index, about, size, root))
        elif entry.type == entries.AHEAD:
            about, place, size, root = entry.fields
            if not entry.seen[about].holds(place):
                yield "verify.receipt-beyond"
            unsettled.append(Unsettled(self.number, index, about, size, root))
        elif entry.type == entries.REFUSAL:
            about, place, _ = entry.fields
            if not entry.seen[about].holds(place):
                yield "verify.refusal-unknown"

    def _amend(self, entry: Entry, index: int, charters: list[Charter]) -> Iterator[str]:
        if entry.type != entries.AMEND:
            return
        hashes = [one.hash for one in charters]
        current = hashes.index(self.charter.hash)
        if entry.fields[0] not in hashes[current + 1 :]:
            yield "verify.amend-unknown"
            if self.amend_unknown is None:
                self.amend_unknown = index
        else:
            self.charter = charters[hashes.index(entry.fields[0])]
            self.posts = len(self.charter.posts)

    def checkpoint(self, size: int, signature: bytes, root: bytes | None) -> str | None:
        """Takes a checkpoint; returns the code of what does not hold."""
        actual = self.root_at(size)
        if size < 1 or actual is None:
            return "verify.checkpoint-beyond"
        post = self.charter.posts[self.number]
        name = checkpoint.origin(self.line, self.kind, self.number, post.generation)
        claimed = actual if root is None else root
        if not checkpoint.signed(post.log_key, name, size, claimed, signature):
            return "verify.checkpoint-signature"
        if root is not None and root == actual:
            return "verify.checkpoint-signature"
        if claimed != actual:
            return "verify.checkpoint-other-root"
        self.counts["checkpoints"] += 1
        self.signed = max(self.signed, size)
        return None
