"""Changes to the key orders of `made_line.rows_with_orders`, signed by keys of the line or of its thief."""

import random
from hashlib import sha256

import made_charter
from khatt_verify_py import cbor, charter, ed25519, entry, key_order
from khatt_verify_py.record_file import CHECKPOINT, ENTRY

# Secrets of root and recovery keys in `made_line.rows_with_orders`, by what a signer may be there.
SIGNERS = ((0, 1), (0, 2), (0, 106), (1, 91), (2, 92), (3, 93), (1, 107))


def signed_again(base_rows: tuple, row: tuple, before: tuple) -> tuple:
    line = charter.read_file(base_rows[1][1])
    items, old = cbor.whole(row[2]), key_order.read(cbor.whole(before[2])[4])
    version, body, _ = cbor.whole(items[4])
    signed = []
    for signer, signature in old.signatures:
        for number, secret in SIGNERS:
            key = made_charter.public(secret)
            if number == signer and ed25519.verify(key, old.signed_text(line.kind), signature):
                text = b"khatt/1 key order\0" + bytes([line.kind]) + line.line + sha256(body).digest()
                signed.append((signer, made_charter.secret(secret).sign(text)))
    file = cbor.write((version, body, tuple(signed)))
    return (*row[:2], cbor.write((*items[:4], file)), row[3])


# What a made order may change; each key stands nowhere else in the record.
CHANGES = (
    (1, 1, "North duty", 2, (b"\x01" + made_charter.public(121),)),
    (1, 1028, "North more", 2, (b"\x01" + made_charter.public(122),)),
    (1, 4, "South watch", 1, (b"\x01" + made_charter.public(123),)),
    (1, 2048, "South second", 1, (b"\x01" + made_charter.public(124),)),
    (3, 0, made_charter.public(125), ()),
    (3, 1, made_charter.public(126), ("south:1",)),
    (4, made_charter.public(106), 1, (made_charter.public(107),)),
    (4, made_charter.public(127), 0, ()),
    (5, 0),
    (5, 1),
    (5, 2),
)  # fmt: skip


def added(base_rows: tuple, chance: random.Random) -> tuple[str, list] | None:
    """The rows with one more key order: the next, one of a number that was given, by whichever keys."""
    rows, line = list(base_rows), charter.read_file(base_rows[1][1])
    files = [cbor.whole(row[2])[4] for row in rows if holds_order(row)]
    held = [key_order.read(file) for file in files]
    party = chance.choice((0, 0, 0, 1))
    known = [one for one in held if one.party == party]
    number = chance.randrange(1, max(one.number for one in known) + 3)
    before = [one.hash for one in known if one.number == number - 1] or [line.line]
    signed = sorted(dict(chance.sample(SIGNERS, chance.randrange(1, 4))).items())
    previous, change = chance.choice(before), chance.choice(CHANGES)
    file = made_charter.order_file(line, party, number, previous, change, tuple(signed))
    if chance.random() < 0.2:
        file = chance.choice(files)
    at = chance.randrange(6, len(rows) - 1)
    log = chance.choice([row[1] for row in rows[:at] if row[0] == ENTRY])
    last = cbor.whole([row for row in rows[:at] if row[:2] == (ENTRY, log)][-1][2])
    if last[1] == entry.AMEND:
        return None
    rows[at:at] = [(ENTRY, log, cbor.write((1, entry.KEYS, last[2] + 1, last[3], file)), 0)]
    for place, row in enumerate(rows):
        if place > at and row[:2] == (CHECKPOINT, log):
            rows[place] = (*row[:2], row[2] + 1, *row[3:])
    return f"order {number} of party {party} in row {at}", rows


def holds_order(row: tuple) -> bool:
    return row[0] == ENTRY and cbor.whole(row[2])[1] == entry.KEYS
