"""Changes to a record file, each from a seed: of its bytes, its rows, and the fields inside them.

After a change the file may be repaired, so that the change reaches deeper: the trailer alone, as anybody
can, or with the line's own keys also the signatures of posts, officers and parties.
"""

import random
from dataclasses import dataclass
from hashlib import sha256

import made_charter
import made_line
import mutated_orders
from khatt_verify_py import cbor, charter, entry
from khatt_verify_py.faults import Refused
from khatt_verify_py.record_file import CHARTER, CHECKPOINT, ENTRY, FORK, TRAILER


@dataclass(frozen=True)
class Base:
    """A record that both verifiers accept. `keys` says whether its secrets are those of `made_line`."""

    name: str
    data: bytes
    rows: tuple
    keys: bool
    named: frozenset = frozenset()  # the posts that are at fault in it already


@dataclass(frozen=True)
class Change:
    """A changed file, what was done to it, and whether a key of the line was used."""

    what: str
    data: bytes
    signed: bool


def base(name: str, data: bytes, keys: bool, named: tuple = ()) -> Base:
    return Base(name, data, tuple(made_line.read(data)), keys, frozenset(named))


def change(of: Base, seed: int) -> Change:
    """The change of this seed; it always changes the bytes."""
    chance = random.Random(f"{of.name} {seed}")
    while True:
        kinds = (_bytes, _rows, _field, _signatures, _order)
        kind = chance.choices(kinds, (25, 20, 50, 5, 30 if of.name == "orders" else 0))[0]
        made = kind(of, chance)
        if made is not None and made.data != of.data:
            return made


# --- Bytes ---------------------------------------------------------------------------------------


def _bytes(of: Base, chance: random.Random) -> Change | None:
    trailer = len(cbor.write(of.rows[-1]))
    repaired = chance.random() < 0.7
    data = bytearray(of.data[:-trailer] if repaired else of.data)
    at = chance.randrange(len(data))
    what = chance.choice(("flip a bit", "change a byte", "insert", "remove", "cut", "exchange"))
    if what == "flip a bit":
        data[at] ^= 1 << chance.randrange(8)
    elif what == "change a byte":
        data[at] = chance.choice((0, 1, 23, 24, 25, 0x80, 0xFF, chance.randrange(256)))
    elif what == "insert":
        data[at:at] = chance.randbytes(chance.choice((1, 1, 2, 9)))
    elif what == "remove":
        del data[at : at + chance.choice((1, 1, 2, 9, 64))]
    elif what == "cut":
        del data[at:]
    else:
        other = chance.randrange(len(data))
        count = chance.choice((1, 4, 32, 64))
        one, two = bytes(data[at : at + count]), bytes(data[other : other + count])
        if len(one) != len(two):
            return None
        data[at : at + count], data[other : other + count] = two, one
    if repaired:
        data += cbor.write((TRAILER, of.rows[-1][1], sha256(data).digest()))
    return Change(f"{what} at {at}" + (", trailer" if repaired else ""), bytes(data), False)


# --- Rows ----------------------------------------------------------------------------------------


def _rows(of: Base, chance: random.Random) -> Change | None:
    rows = list(of.rows)
    at, other = chance.randrange(len(rows)), chance.randrange(len(rows))
    what = chance.choice(
        (
            "drop",
            "repeat",
            "exchange",
            "neighbours",
            "move",
            "drop many",
            "other log",
            "withhold",
            "roots",
        )
    )
    if what == "roots":
        return _give_roots(of, rows, chance)
    if what == "drop":
        del rows[at]
    elif what == "repeat":
        rows.insert(chance.choice((at, other)), rows[at])
    elif what == "exchange":
        rows[at], rows[other] = rows[other], rows[at]
    elif what == "neighbours":
        rows[at - 1], rows[at] = rows[at], rows[at - 1]
    elif what == "move":
        rows.insert(other, rows.pop(at))
    elif what == "drop many":
        del rows[at : at + chance.randrange(2, 8)]
    elif what == "other log":
        if rows[at][0] not in (ENTRY, CHECKPOINT):
            return None
        rows[at] = (rows[at][0], chance.randrange(4), *rows[at][2:])
    elif rows[at][0] == ENTRY:
        rows[at] = (*rows[at][:3], chance.choice((0, 1, 2, (1,), (0,), (2,), ())))
    else:
        return None
    return _repair(of, f"{what} {at}", rows, chance, at)


def _give_roots(of: Base, rows: list, chance: random.Random) -> Change | None:
    """Gives the checkpoints of one log the roots they were made for, with an entry altered or not."""
    places = [at for at, row in enumerate(rows) if row[0] == ENTRY]
    at = chance.choice(places)
    log = rows[at][1]
    roots = made_line.trees(of.rows)[log].roots
    if chance.random() < 0.8:
        leaf = cbor.whole(rows[at][2])
        rows[at] = (*rows[at][:2], cbor.write((*leaf[:2], leaf[2] ^ 1, *leaf[3:])), rows[at][3])
    first = chance.choice(places)
    for number, row in enumerate(rows):
        if row[:2] == (CHECKPOINT, log) and len(row) == 4 and number > first:
            rows[number] = (*row, roots[row[2]])
    return _repair(of, f"roots of log {log} after {first}, entry in row {at}", rows, chance, None)


# --- Fields --------------------------------------------------------------------------------------


def _field(of: Base, chance: random.Random) -> Change | None:
    rows = list(of.rows)
    # Charters and entries have the most inside; the header and the trailer little.
    at = chance.choice(
        [n for n, row in enumerate(rows) for _ in range(3 if row[0] in (ENTRY, CHARTER) else 1)]
    )
    place: list = []
    # Most of what can be told apart is in what a row carries, not in the row.
    if isinstance(rows[at], tuple) and len(rows[at]) > 1 and chance.random() < 0.9:
        part = chance.choice(
            {ENTRY: (2, 2, 3), CHARTER: (1,), FORK: (1,)}.get(rows[at][0], range(1, len(rows[at])))
        )
        place.append(part)
        rows[at] = (
            *rows[at][:part],
            _altered(rows[at][part], chance, place),
            *rows[at][part + 1 :],
        )
    else:
        rows[at] = _altered(rows[at], chance, place)
    if not isinstance(rows[at], tuple):
        return Change(f"row {at}: {place}", made_line.write(rows), False)
    return _repair(of, f"row {at} field {' '.join(map(str, place))}", rows, chance, at)


def _altered(value: object, chance: random.Random, place: list) -> object:
    """The value with something at a random place of it changed; goes into bytes that hold CBOR."""
    if isinstance(value, tuple) and value and chance.random() < 0.95:
        at = chance.randrange(len(value))
        place.append(at)
        return (*value[:at], _altered(value[at], chance, place), *value[at + 1 :])
    if isinstance(value, bytes) and len(value) > 8 and chance.random() < 0.95:
        try:
            inside = cbor.whole(value, 6, negative=True)
        except (Refused, RecursionError):
            inside = None
        if isinstance(inside, tuple):
            place.append("in")
            return cbor.write(_altered(inside, chance, place))
    return _other(value, chance)


def _other(value: object, chance: random.Random) -> object:
    if chance.random() < 0.06:
        return chance.choice((0, 1, b"", b"\0" * 32, "", "x", (), (0,), ((((((),),),),),)))
    if isinstance(value, int):
        near = (value + 1, max(value - 1, 0), 0, 1, value ^ 1 << chance.randrange(20), value + 256)
        far = (2**16, 2**32 - 1, 2**32, 2**48 - 1, 2**48, 2**63, 2**64 - 1)
        return abs(chance.choice(near + near + far)) & (2**64 - 1)
    if isinstance(value, bytes):
        if not value:
            return b"\0"
        data = bytearray(value)
        at = chance.randrange(len(data))
        what = chance.randrange(6)
        if what < 3:
            data[at] ^= 1 << chance.randrange(8)
        elif what == 3:
            data.append(0)
        elif what == 4:
            del data[at]
        else:
            data[:] = bytes(len(data))
        return bytes(data)
    if isinstance(value, str):
        at = chance.randrange(len(value) + 1)
        sign = chance.choice(
            (" ", "a", "Z", "\u200f", "\u0301", "\u0660", "\0", "\u202e", "-", "é")
        )
        return chance.choice(
            (value[:at] + sign + value[at:], value[:at] + value[at + 1 :], value.upper())
        )
    items = list(value)
    what = chance.randrange(5)
    if not items or what == 0:
        items.append(chance.choice((0, 1, b"", "", ())))
    elif what == 1:
        items.pop(chance.randrange(len(items)))
    elif what == 2:
        items.insert(chance.randrange(len(items) + 1), chance.choice(items))
    elif what == 3:
        chance.shuffle(items)
    else:
        items = [tuple(items)]
    return tuple(items)


def _signatures(of: Base, chance: random.Random) -> Change | None:
    """Exchanges the signatures, or all that stands behind a log's number, of two rows of one type."""
    rows = list(of.rows)
    kind = chance.choice((CHECKPOINT, ENTRY))
    places = [n for n, row in enumerate(rows) if row[0] == kind]
    if len(places) < 2:
        return None
    one, two = chance.sample(places, 2)
    cut = 3 if kind == CHECKPOINT or chance.random() < 0.5 else 2
    rows[one], rows[two] = (
        (*rows[one][:cut], *rows[two][cut:]),
        (*rows[two][:cut], *rows[one][cut:]),
    )
    return _repair(of, f"exchange the ends of rows {one} and {two}", rows, chance, None)


def _order(of: Base, chance: random.Random) -> Change | None:
    """Puts one more key order into the file."""
    made = mutated_orders.added(of.rows, chance)
    if made is None:
        return None
    keys = {n: made_charter.LOGS[n] for n in range(3)}
    return Change(made[0], _seal(made[1], keys, True), True)


# --- Repairs -------------------------------------------------------------------------------------


def _repair(of: Base, what: str, rows: list, chance: random.Random, at: int | None) -> Change:
    level = chance.randrange(6 if of.keys else 2)
    if level == 0 or not rows or any(not isinstance(row, tuple) or not row for row in rows):
        return Change(what, made_line.write(rows), False)
    if level == 1:
        return Change(what + ", trailer", _seal(rows, None, False), False)
    if level >= 3 and at is not None and at < len(rows) and len(rows) == len(of.rows):
        rows[at] = _signed_again(of.rows, rows[at], of.rows[at], officers=level >= 4)
    keys = {n: made_charter.LOGS[n] for n in range(3)}
    return Change(f"{what}, signed {level}", _seal(rows, keys, level == 5), True)


def _seal(rows: list, keys: dict | None, roots: bool) -> bytes:
    try:
        return made_line.write(made_line.seal(rows, keys, roots))
    except (Refused, ValueError, TypeError, IndexError, StopIteration, OverflowError):
        return made_line.write(rows)


def _signed_again(base_rows: tuple, row: tuple, before: tuple, officers: bool) -> tuple:
    """A charter or key order signed anew by who signed it; a message with commitments, and with officers'
    signatures."""
    try:
        if mutated_orders.holds_order(row):
            return mutated_orders.signed_again(base_rows, row, before)
        if row[0] == CHARTER:
            return (CHARTER, made_charter.charter_file(cbor.whole(cbor.whole(row[1])[1])), *row[2:])
        if row[0] == ENTRY and isinstance(row[3], tuple) and len(row[3]) == 3:
            items = cbor.whole(row[2])
            line = charter.read_file(base_rows[1][1])
            who = None
            if officers:
                who = [
                    (officer, role, ahead)
                    for officer, _, role, ahead, _, _ in cbor.whole(row[3][2])
                ]
            if items[1] == entry.MESSAGE and len(items) == 9:
                items, opened = made_charter.commit(line, row[1], items, row[3], who)
                return (ENTRY, row[1], cbor.write(items), opened)
    except (Refused, ValueError, TypeError, IndexError, OverflowError):
        pass
    return row


# --- What a changed file may still be accepted for -----------------------------------------------


def says_no_more(of: Base, data: bytes) -> bool:
    """Whether a file says nothing that the base does not: a file that says less is no forgery.

    Its charters are among the base's in their order, each log begins like the base's, and what opens an
    entry there is what opened it in the base, or nothing.
    """
    try:
        rows = made_line.read(data)
    except Refused:
        return False
    return (
        _charters(rows) == _charters(of.rows)[: len(_charters(rows))]
        and all(
            leaf == base_leaf and (opened in (0, (1,)) or opened == base_open)
            for log, entries in _logs(rows).items()
            for (leaf, opened), (base_leaf, base_open) in zip(
                entries, _padded(_logs(of.rows).get(log, []), len(entries))
            )
        )
        and {row for row in rows if row[0] in (CHECKPOINT, FORK)} <= set(of.rows)
    )


def _charters(rows: object) -> list:
    return [row for row in rows if row[0] == CHARTER]


def _logs(rows: object) -> dict[int, list]:
    found: dict[int, list] = {}
    for row in rows:
        if row[0] == ENTRY:
            found.setdefault(row[1], []).append(row[2:])
    return found


def _padded(entries: list, count: int) -> list:
    return entries + [(None, None)] * (count - len(entries))
