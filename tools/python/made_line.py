"""Makes a small line and a record of it, whose every secret is known: what the verifiers are tried on.

A record is a list of rows as `khatt_verify_py.record_file` has them, with the trailer last. `seal` signs it
again after a change, so that a change reaches the checks behind the signatures.
"""

from hashlib import sha256

import hpke_open
from khatt_verify_py import body, cbor, checkpoint, entry, key_order, statement
from khatt_verify_py.charter import read_file
from khatt_verify_py.faults import Refused
from khatt_verify_py.merkle import Tree, leaf_hash, node
from khatt_verify_py.record_file import CHARTER, CHECKPOINT, ENTRY, FORK, HEADER, TRAILER
from made_charter import (
    LOGS,
    NEXT,
    OPENED_MS,
    bodies,
    charter_file,
    charter_items,
    commit,
    generation,
    order_file,
    public,
    secret,
    standing_on,
)

NONE, WITHHELD = 0, (1,)


class Writer:
    """Puts rows one behind the other, as the posts of a line would."""

    def __init__(self, items: tuple | None = None):
        self.first = charter_file(items or charter_items())
        self.line = read_file(self.first)
        self.made: list[tuple] = [(HEADER, "khatt record", 1), (CHARTER, self.first)]
        self.clock = iter(range(OPENED_MS + 1000, OPENED_MS + 10**6, 1500))
        self.text = bodies()
        self.forms = True  # whether the texts are filled forms

    def put(self, log: int, kind: int, seen: tuple, *fields: object) -> None:
        leaf = cbor.write((1, kind, next(self.clock), seen, *fields))
        self.made.append((ENTRY, log, leaf, NONE))

    def message(
        self, log: int, seen: tuple, act: int, precedence: int, thread: object, officers: list
    ) -> None:
        count = len(self.made)
        items = (1, entry.MESSAGE, next(self.clock), seen, act, precedence, thread, b"", b"")
        fit = self.text
        if self.forms:
            fit = [one for one in fit if statement.form_fits(act, body.read(one).form)]
        opened = (bytes([count]) * 16, fit[count % len(fit)], b"")
        items, opened = commit(self.line, log, items, opened, officers)
        self.made.append((ENTRY, log, cbor.write(items), opened))

    def signs(self, log: int) -> None:
        self.made.append((CHECKPOINT, log, sum(row[:2] == (ENTRY, log) for row in self.made), b""))

    def done(self) -> list[tuple]:
        return seal([*self.made, (TRAILER, (), b"")], {n: LOGS[n] for n in range(3)}, roots=True)


def rows() -> list[tuple]:
    """A record with an entry of every type, two charters and three posts in the end."""
    to = Writer()
    second = charter_file(charter_items((to.line.hash, to.line.hash), 3))
    later = read_file(second)
    to.put(0, entry.OPEN, (0,), to.line.hash, 0, 0)
    to.signs(0)
    to.put(1, entry.OPEN, (1,), to.line.hash, 1, 0)
    to.signs(1)
    to.message(0, (1,), 1, 1, 0, [(0, 1, 600), (1, 2, 600)])
    to.signs(0)
    to.put(1, entry.RECEIPT, (2,), 0, 2, b"")
    to.put(0, entry.EPOCH, (1,), 1, ((1, 0, b"\x0c" * 1168),))
    to.put(1, entry.PREKEY_ENTRY, (2,), 1, hpke_open.public(bytes([70]) * 32))
    to.message(1, (2,), 2, 1, (0, 1), [(4, 4, 60)])
    to.signs(1)
    to.message(0, ((1, 2),), 1, 0, (0, 1), [(0, 3, 1)])
    to.put(0, entry.AHEAD, ((1, 2),), 1, 2, 4, b"")
    to.message(1, (3,), 3, 3, 0, [])
    to.message(0, ((1, 2),), 1, 2, 0, [(2, 2, 5)])
    to.made[-1] = (*to.made[-1][:3], WITHHELD)
    to.signs(0)
    to.put(1, entry.REFUSAL, (6,), 0, 5, 2)
    to.put(1, 65_000, (6,), (1, (2, (b"\x01",))), "kept")
    to.put(0, entry.RECEIPT, (7,), 1, 7, b"")
    to.made.append((CHARTER, second))
    to.put(0, entry.AMEND, (7,), later.hash)
    to.put(1, entry.AMEND, (8,), later.hash)
    to.put(2, entry.OPEN, (8, 8), to.line.hash, 2, 0)
    to.message(0, (8, 1), 1, 3, (0, 1), [(1, 2, 30)])
    to.put(1, entry.RECEIPT, (9, 1), 0, 9, b"")
    for log in range(3):
        to.signs(log)
    return to.done()


def rows_of_forms() -> list[tuple]:
    """A record with a message of every form that the vectors fill."""
    to = Writer()
    to.put(0, entry.OPEN, (0,), to.line.hash, 0, 0)
    to.put(1, entry.OPEN, (1,), to.line.hash, 1, 0)
    for _ in to.text:
        to.message(0, (1,), 1, 3, 0, [(1, 2, 60)])
    to.signs(0)
    to.signs(1)
    return to.done()


def rows_with_orders() -> list[tuple]:
    """A record in which both parties change keys.

    Officers are added and get new keys, a post is cut off and goes on in its next generation, a thief of a root
    key is overruled by the quorum, one order waits for another, and an amendment stands on orders.
    """
    to = Writer()
    line, previous = to.line, {0: to.line.hash, 1: to.line.hash}

    def order(log: int, seen: tuple, party: int, number: int, change: tuple, *signed: tuple) -> bytes:
        file = order_file(line, party, number, previous[party], change, signed)
        previous[party] = sha256(cbor.whole(file)[1]).digest()
        to.put(log, entry.KEYS, seen, file)
        return file

    def one(key: int) -> tuple:
        return (b"\x01" + public(key),)

    to.put(0, entry.OPEN, (0,), line.hash, 0, 0)
    to.put(1, entry.OPEN, (1,), line.hash, 1, 0)
    order(0, (1,), 0, 1, (1, 1024, "North second", 2, one(95)))
    order(0, (1,), 0, 2, (1, 1, "North duty", 2, one(96)))
    to.signs(0)
    to.message(0, (1,), 1, 1, 0, [(0, 1, 600), (1024, 2, 600, 95)])
    to.message(0, (1,), 1, 2, 0, [(1, 2, 600, 96)])
    to.put(1, entry.RECEIPT, (5,), 0, 5, b"")
    first = order(1, (5,), 1, 1, (3, 1, public(97), ("south:5544",)))
    to.signs(1)
    order(1, (5,), 0, 3, (5, 0), (1, 91), (2, 92))
    to.message(0, (3,), 3, 3, 0, [])
    to.signs(0)
    to.put(1, entry.RECEIPT, (6,), 0, 6, b"")
    order(0, (4,), 0, 4, generation(0, 1), (1, 91), (3, 93))
    to.message(0, (5,), 3, 3, 0, [])
    to.signs(0)
    items = charter_items((line.hash, line.hash), 3)
    north, south = items[6][0], items[6][1]
    _, _, _, log_key, following, pq_key, connection, prekey, addresses = generation(0, 1)
    north = (*north[:2], 1, log_key, north[4], connection, prekey, following, pq_key, addresses)
    south = (*south[:5], public(97), *south[6:9], ("south:5544",))
    second = charter_file(standing_on(items, (4, 1), {0: north, 1: south}, {1: 96}))
    later = read_file(second)
    to.made.append((CHARTER, second))
    to.put(0, entry.AMEND, (5,), later.hash)
    to.put(1, entry.AMEND, (8,), later.hash)
    to.put(2, entry.OPEN, (9, 6), line.hash, 2, 0)
    # An order again, in another log; then one that stands before the one that it waits for.
    to.put(2, entry.KEYS, (9, 6), first)
    waited = order_file(line, 0, 5, previous[0], (1, 1025, "North third", 1, one(103)))
    previous[0] = sha256(cbor.whole(waited)[1]).digest()
    order(2, (9, 6), 0, 6, (1, 1026, "North fourth", 1, one(104)))
    to.put(0, entry.KEYS, (6, 0), waited)
    # North's root key is stolen: the thief gives himself an officer, and the quorum takes the root key away.
    kept = previous[0]
    order(1, (10, 3), 0, 7, (1, 3, "North clerk", 32, one(105)))
    previous[0] = kept
    order(0, (6, 3), 0, 7, (4, public(106), 1, (public(107),)), (2, 92), (3, 93))
    order(0, (7, 3), 0, 8, (1, 2, "North chief", 0, ()), (0, 106))
    to.message(1, (12, 3), 1, 2, 0, [(6, 2, 600)])
    to.message(0, (8, 3), 1, 3, (0, 3), [(1024, 2, 60, 95)])
    to.put(2, 65_000, (13, 8), 0)
    for log in range(3):
        to.signs(log)
    return to.done()


def rows_with_forks() -> list[tuple]:
    """The first record with proofs against a post that hold, and such as do not: both verifiers refuse it."""
    made = rows()
    line = read_file(made[1][1])
    name = checkpoint.origin(line.line, line.kind, 1, 0)

    def point(size: int, root: bytes) -> tuple:
        return size, root, secret(LOGS[1]).sign(checkpoint.text(name, size, root))

    tree, other = Tree(), Tree()
    for row in made:
        if row[:2] == (ENTRY, 1):
            tree.append(leaf_hash(row[2]))
            other.append(leaf_hash(row[2] if len(other) != 2 else b""))
    # The proof from size 1 to 2 of a tree is its second leaf, so both roots can be had from it.
    leaf = leaf_hash(next(row[2] for row in made if row[:2] == (ENTRY, 1)))
    after = leaf_hash(b"after")
    forged = node(leaf, after)
    proofs = (
        (1, 0, 1, name, point(3, tree.roots[3]), point(3, other.roots[3])),
        (1, 0, 1, name, point(3, tree.roots[3]), point(3, tree.roots[3])),
        (1, 1, 1, name, point(1, other.roots[2]), point(2, forged), leaf, (after,)),
        (1, 1, 1, name, point(1, leaf), point(2, forged), leaf, (after,)),
    )
    made[-1:-1] = [(FORK, cbor.write(proof)) for proof in proofs]
    return seal(made, None)


def seal(made: list[tuple], keys: dict[int, int] | None, roots: bool = False) -> list[tuple]:
    """The rows with counts and digest made right; with `keys`, checkpoints signed anew; with `roots`,
    receipts given the root they are about (where that log is long enough by the file's end)."""
    made = [row for row in made if row[0] != TRAILER]
    posts = _posts(made)
    if roots:
        made = _with_roots(made)
    if keys:
        made = _signed(made, keys)
    counts = tuple(sum(row[0] == ENTRY and row[1] == log for row in made) for log in range(posts))
    return [*made, (TRAILER, counts, sha256(write(made)).digest())]


def _posts(made: list[tuple]) -> int:
    found = 0
    for row in made:
        if row[0] == CHARTER:
            try:
                found = len(read_file(row[1]).posts)
            except Exception:  # one of the changed ones; what was before stands
                pass
    return found


def trees(made: list[tuple]) -> dict[int, Tree]:
    found: dict[int, Tree] = {}
    for row in made:
        if row[0] == ENTRY:
            found.setdefault(row[1], Tree()).append(leaf_hash(row[2]))
    return found


def _with_roots(made: list[tuple]) -> list[tuple]:
    # A root may depend on a receipt before it, so one pass for each entry is enough.
    for at, row in enumerate(made):
        if row[0] != ENTRY:
            continue
        items = cbor.whole(row[2])
        if items[1] in (entry.RECEIPT, entry.AHEAD):
            tree, size = trees(made).get(items[4], Tree()), items[-2]
            root = tree.roots[size] if size < len(tree.roots) else b"\0" * 32
            made = [
                *made[:at],
                (*row[:2], cbor.write((*items[:-1], root)), row[3]),
                *made[at + 1 :],
            ]
    return made


def _signed(made: list[tuple], keys: dict[int, int]) -> list[tuple]:
    line = read_file(next(row[1] for row in made if row[0] == CHARTER))
    grown: dict[int, Tree] = {}
    begun: dict[int, list[int]] = {}  # the indices at which a log began its next generations
    signed = []
    for row in made:
        if row[0] == ENTRY:
            tree = grown.setdefault(row[1], Tree())
            if _begins(row[1], row[2]):
                begun.setdefault(row[1], []).append(len(tree))
            tree.append(leaf_hash(row[2]))
        elif row[0] == CHECKPOINT and row[1] in keys:
            _, log, size, _, *other = row
            tree = grown.get(log, Tree())
            if size < len(tree.roots):
                root = other[0] if other and other[0] else tree.roots[size]
                number = min(sum(start < size for start in begun.get(log, ())), 1)
                name = checkpoint.origin(line.line, line.kind, log, number)
                key = secret(NEXT + log if number else keys[log])
                row = (CHECKPOINT, log, size, key.sign(checkpoint.text(name, size, root)), *other)
        signed.append(row)
    return signed


def _begins(log: int, leaf: bytes) -> bool:
    """Whether an entry begins its own log's next generation."""
    try:
        items = cbor.whole(leaf)
        return (
            items[1] == entry.KEYS and key_order.read(items[4]).change[:2] == (key_order.GENERATION, log)
        )
    except (Refused, TypeError, IndexError, ValueError):
        return False


def write(made: list[tuple]) -> bytes:
    return b"".join(map(cbor.write, made))


def read(data: bytes) -> list[tuple]:
    """The rows of a record, as they stand."""
    found, at = [], 0
    while at < len(data):
        row, at = cbor.item(data, at, cbor.DEPTH)
        found.append(row)
    return found
