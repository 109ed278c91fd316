"""Changes to a disclosure, each from a seed: of its bytes, its rows, and the fields inside them.

After some the checkpoint is signed again with the log's own key, so that the change reaches deeper.
"""

import base64
import random
from dataclasses import dataclass, replace

import made_disclosure
import mutations
from khatt_verify_py.charter import Charter
from made_disclosure import Parts, write
from mutations import Change


@dataclass(frozen=True)
class Base:
    """A disclosure that both verifiers accept. `charter` is there if its line's secrets are known."""

    name: str
    parts: Parts
    charter: Charter | None

    @property
    def data(self) -> bytes:
        return write(self.parts)


def change(of: Base, others: list[Base], seed: int) -> Change:
    """The change of this seed; it always changes the bytes."""
    chance = random.Random(f"{of.name} {seed}")
    while True:
        kind = chance.choices((_bytes, _rows, _field, _exchange), (20, 20, 45, 15))[0]
        made = kind(of, others, chance)
        if made is not None and made.data != of.data:
            return made


def _bytes(of: Base, _: list[Base], chance: random.Random) -> Change | None:
    data = bytearray(of.data)
    at = chance.randrange(len(data))
    what = chance.choice(("flip a bit", "change a byte", "insert", "remove", "cut", "append"))
    if what == "flip a bit":
        data[at] ^= 1 << chance.randrange(8)
    elif what == "change a byte":
        data[at] = chance.choice((10, 32, 61, 43, 0, 0xFF, 65, chance.randrange(256)))
    elif what == "insert":
        data[at:at] = chance.choice((b"\n", b" ", b"\r", b"=", b"A", b"\n\n", b"\xe2\x80\x94 "))
    elif what == "remove":
        del data[at : at + chance.choice((1, 1, 2, 9, 64))]
    elif what == "cut":
        del data[at:]
    else:
        data += chance.choice((b"\n", b" ", b"x", b"\n\n"))
    return Change(f"{what} at {at}", bytes(data), False)


def _rows(of: Base, _: list[Base], chance: random.Random) -> Change | None:
    parts, hashes = of.parts, list(of.parts.hashes)
    note = parts.note.split(b"\n")
    what = chance.choice(
        ("index", "drop hash", "add hash", "exchange hashes", "note row", "size", "row twice", "more")
    )
    if what == "index":
        near = (parts.index + 1, max(parts.index - 1, 0), 0, parts.index * 2, 2**63, 2**64)
        parts = replace(parts, index=chance.choice(near))
    elif what == "drop hash" and hashes:
        del hashes[chance.randrange(len(hashes))]
    elif what == "add hash":
        more = [chance.randbytes(32)] * chance.choice((1, 1, 2, 64))
        hashes += more
    elif what == "exchange hashes" and len(hashes) > 1:
        chance.shuffle(hashes)
    elif what == "note row":
        del note[chance.randrange(len(note))]
    elif what == "size":
        note[1] = str(int(note[1]) + chance.choice((1, -1, 256))).encode()
    elif what == "row twice":
        at = chance.randrange(len(note))
        note.insert(at, note[at])
    elif what == "more":
        # A row by a key that nobody here knows, under this origin's name or another's: passed over.
        name = chance.choice((note[0], b"example.org/witness", b"a+b", b""))
        blob = base64.b64encode(chance.randbytes(chance.choice((4, 5, 72, 2428))))
        note.insert(len(note) - 1, b"\xe2\x80\x94 " + name + b" " + blob)
    parts = replace(parts, hashes=tuple(hashes), note=b"\n".join(note))
    return _repaired(of, what, parts, chance)


def _field(of: Base, _: list[Base], chance: random.Random) -> Change | None:
    parts, place = of.parts, []
    # Most of what can be told apart is in what is opened, in receipts, and in orders.
    at = chance.choice((*range(12), 6, 7, 7, 8, 8, 8, 9, 9, 9, 9, 10, 11, 11))
    place.append(at)
    try:
        value = mutations._altered(parts.extra[at], chance, place)
        extra = (*parts.extra[:at], value, *parts.extra[at + 1 :])
        return _repaired(of, f"extra {' '.join(map(str, place))}", replace(parts, extra=extra), chance)
    except (ValueError, OverflowError):
        return None


def _exchange(of: Base, others: list[Base], chance: random.Random) -> Change | None:
    """Takes a part of another disclosure in the place of this one's."""
    other, parts = chance.choice(others).parts, of.parts
    what = chance.choice(("index", "hashes", "note", "extra"))
    if what != "extra":
        parts = replace(parts, **{what: getattr(other, what)})
        return _repaired(of, f"{what} of another", parts, chance)
    some = chance.sample(range(2, 12), chance.choice((1, 1, 2, 3)))
    extra = tuple(other.extra[n] if n in some else parts.extra[n] for n in range(12))
    return _repaired(of, f"extra {some} of another", replace(parts, extra=extra), chance)


def _repaired(of: Base, what: str, parts: Parts, chance: random.Random) -> Change | None:
    if of.charter and chance.random() < 0.4:
        try:
            again = made_disclosure.signed_again(of.charter, parts)
        except (AttributeError, ValueError, TypeError, IndexError, KeyError, OverflowError):
            again = parts
        return Change(f"{what}, signed", write(again), True)
    return Change(what, write(parts), False)


def says_no_more(of: Base, others: list[Base], read: object) -> bool:
    """Whether a disclosure that was read says nothing that the base does not.

    Anybody may leave out what nobody signed: receipts, officers, the charter, key orders, further rows; and may add
    a charter, orders and receipts of the same line, which their own signers signed. Without a charter the draft's id
    is checked by nobody.
    """
    base = of.parts
    _, _, line, kind, posts, log, key, leaf, opened = base.extra[:9]
    known = (line, kind, posts, log, base.index, tuple(key), leaf, *opened[:2], base.hashes)
    found = (read.line, read.kind, read.posts, read.log, read.index, read.key, read.leaf)
    found += (read.salt, read.body, tuple(read.hashes))
    receipts = {(one[0], one[2]) for base in (of, *others) for one in base.parts.extra[9]}
    shown = read.officers and (read.officers[0], read.officers[2])
    return (
        found == known
        and shown in (None, (*opened[2:3], *opened[4:]))
        and {(one.post, one.leaf) for one in read.receipts} <= receipts
    )
