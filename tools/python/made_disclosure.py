"""Makes disclosures of the messages in a record, whose every item is known: what the verifiers are tried on.

A disclosure is its parts: the items of `extra`, the entry's number, the hashes, and the note
(spec/disclosure.md §2).
"""

import base64
from dataclasses import dataclass, replace

from khatt_verify_py import cbor, checkpoint, entry, key_order
from khatt_verify_py.charter import Charter, read_file
from khatt_verify_py.merkle import leaf_hash, node
from khatt_verify_py.record_file import CHARTER, CHECKPOINT, ENTRY
from made_charter import LOGS, NEXT, OFFICERS, order_file, public, secret

LABEL = "khatt disclosure"


@dataclass(frozen=True)
class Parts:
    extra: tuple
    index: int
    hashes: tuple[bytes, ...]
    note: bytes


def write(of: Parts) -> bytes:
    rows = [b"c2sp.org/tlog-proof@v1", b"extra " + base64.b64encode(cbor.write(of.extra))]
    rows += [b"index %d" % of.index, *map(base64.b64encode, of.hashes), b""]
    return b"\n".join(rows) + b"\n" + of.note


def path(leaves: list[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes from the leaf's sibling up (RFC 6962 §2.1.1)."""
    if len(leaves) == 1:
        return ()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if index < half:
        return (*path(leaves[:half], index), root(leaves[half:]))
    return (*path(leaves[half:], index - half), root(leaves[:half]))


def root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node(root(leaves[:half]), root(leaves[half:]))


def note(key: bytes, name: str, size: int, top: bytes, signature: bytes) -> bytes:
    signed = base64.b64encode(checkpoint.key_id(name, key) + signature).decode()
    return checkpoint.text(name, size, top) + f"\n\u2014 {name} {signed}\n".encode()


class Source:
    """The first charter, logs and checkpoints of a record."""

    def __init__(self, rows: list[tuple]):
        self.file = next(row[1] for row in rows if row[0] == CHARTER)
        self.charter = read_file(self.file)
        self.logs: dict[int, list[tuple]] = {}
        self.signed: dict[int, dict[int, bytes]] = {}
        for row in rows:
            if row[0] == CHARTER and row[1] != self.file:
                break  # what follows has the posts of another charter
            if row[0] == ENTRY:
                self.logs.setdefault(row[1], []).append((row[2], row[3]))
            elif row[0] == CHECKPOINT and len(row) == 4:
                self.signed.setdefault(row[1], {})[row[2]] = row[3]

    def messages(self) -> list[tuple[int, int]]:
        """Opened messages that a checkpoint covers."""
        return [
            (log, index)
            for log, entries in self.logs.items()
            for index, (_, opened) in enumerate(entries)
            if isinstance(opened, tuple)
            and len(opened) == 3
            and any(index < size <= len(entries) for size in self.signed.get(log, ()))
        ]

    def leaves(self, log: int, size: int) -> list[bytes]:
        return [leaf_hash(leaf) for leaf, _ in self.logs[log][:size]]

    def _receipt(self, post: int, log: int, size: int, top: bytes) -> tuple | None:
        for index, (leaf, _) in enumerate(self.logs.get(post, ())):
            items = cbor.whole(leaf)
            if items[1] != entry.RECEIPT or items[4:] != (log, size, top):
                continue
            sizes = [n for n in self.signed.get(post, {}) if index < n <= len(self.logs[post])]
            if sizes:
                own, key = min(sizes), (0, self.charter.posts[post].log_key)
                hashes = path(self.leaves(post, own), index)
                return (post, key, leaf, index, own, self.signed[post][own], hashes)
        return None

    def disclose(self, log: int, index: int, officers: bool, charter: bool) -> Parts:
        leaf, (seed, body, auth) = self.logs[log][index]
        covering = sorted(n for n in self.signed[log] if index < n <= len(self.logs[log]))
        found: list[tuple] = []
        for size in covering:
            top = root(self.leaves(log, size))
            found = [self._receipt(post, log, size, top) for post in range(len(self.charter.posts))]
            found = [one for one in found if one]
            if found:
                break
        else:
            size = covering[0]
            top = root(self.leaves(log, size))
        line, kind = self.charter.line, self.charter.kind
        key = self.charter.posts[log].log_key
        opened = (entry.expand(seed, b"body"), body)
        if officers:
            opened += (entry.expand(seed, b"auth"), entry.expand(seed, b"draft"), auth)
        extra = (LABEL, 1, line, kind, len(self.charter.posts), log, (0, key), leaf, opened)
        extra += (tuple(found), self.file if charter else 0, ())
        name = checkpoint.origin(line, kind, log, 0)
        signed = note(key, name, size, top, self.signed[log][size])
        return Parts(extra, index, path(self.leaves(log, size), index), signed)


# --- With the keys of `made_charter` -------------------------------------------------------------


def signed_again(charter: Charter, of: Parts) -> Parts:
    """The same under the root to which its hashes lead now, signed with its log's own key.

    As whoever has that key could: a leaf or hash that was changed is then under the checkpoint.
    """
    log, (generation, _), leaf = of.extra[5:8]
    number = LOGS[log] if generation == 0 else NEXT + log
    size, top = int(of.note.split(b"\n")[1]), leaf_hash(leaf)
    first, last = of.index, size - 1
    for one in of.hashes:
        if first & 1 or first == last:
            top = node(one, top)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            top = node(top, one)
        first, last = first >> 1, last >> 1
    name = checkpoint.origin(charter.line, charter.kind, log, generation)
    signature = secret(number).sign(checkpoint.text(name, size, top))
    return replace(of, note=note(public(number), name, size, top, signature))


def of_next_generation(charter: Charter, of: Parts) -> Parts:
    """The same in a log of the post's next generation, with the orders that led to it."""
    log, party = of.extra[5], charter.posts[of.extra[5]].party
    watch = next(n for n, officer in enumerate(charter.officers) if officer.party == party)
    officer = charter.officers[watch]
    keys = (*officer.keys, b"\x01" + public(OFFICERS + 30 + party))
    first = order_file(charter, party, 1, charter.line, (1, watch, officer.title, officer.roles, keys))
    change = (
        2, log, 1, public(NEXT + log), b"\x07" * 32, b"", public(120 + log), bytes(1216), ("far:1",),
    )  # fmt: skip
    second = order_file(charter, party, 2, key_order.read(first).hash, change)
    extra = (*of.extra[:6], (1, public(NEXT + log)), *of.extra[7:9], (), of.extra[10])
    return signed_again(charter, replace(of, extra=(*extra, (first, second))))


def made(rows: list[tuple]) -> list[tuple[str, Parts]]:
    """A disclosure of every kind from a record of `made_line`."""
    source = Source(rows)
    found = []
    for n, (log, index) in enumerate(source.messages()):
        plain = source.disclose(log, index, n % 2 == 1, n % 3 == 2)
        found.append((f"{log}/{index}", plain))
        if not n % 2:
            found.append((f"{log}/{index} next", of_next_generation(source.charter, plain)))
    return found
