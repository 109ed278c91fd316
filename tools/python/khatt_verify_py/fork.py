"""Proof that a post signed two histories of one log (spec/fork.md)."""

import re

from . import cbor, checkpoint, key_order, merkle
from .cbor import array, blob, blob_within, text, uint
from .faults import Refused
from .in_force import InForce
from .key_order import Order

MOST_HASHES = 128
SAME_SIZE, INCONSISTENT, ORDERS = 0, 1, 2


def read(data: bytes) -> tuple:
    """The parts of a proof: kind, post, origin, older, newer, other root, hashes."""
    items = array(cbor.whole(data), 6, 8)
    uint(items[0], 1, 1)
    kind = uint(items[1], INCONSISTENT)
    array(items, 6 if kind == SAME_SIZE else 8)
    post, origin = uint(items[2], 255), text(items[3], 32, 32)
    if not re.fullmatch("[0-9a-f]{32}", origin):
        raise Refused("checkpoint.malformed")
    older, newer = _signed(items[4]), _signed(items[5])
    other, hashes = b"", ()
    if kind == INCONSISTENT:
        other = blob(items[6], 32)
        hashes = tuple(blob(one, 32) for one in array(items[7], 0, MOST_HASHES))
    return kind, post, origin, older, newer, other, hashes


def _signed(value: object) -> tuple[int, bytes, bytes]:
    size, root, signature = array(value, 3)
    return uint(size), blob(root, 32), blob(signature, 64)


def of_orders(data: bytes) -> tuple[Order, Order] | None:
    """The two key orders of a proof that is about such (§3), or None."""
    try:
        version, kind, *files = array(cbor.whole(data), 4)
        uint(version, 1, 1), uint(kind, ORDERS, ORDERS)
        one, two = (key_order.read(blob_within(file, key_order.MOST_BYTES)) for file in files)
    except Refused:
        return None
    return one, two


def accused(keys: InForce, data: bytes) -> int:
    """The post that a proof holds against, or a refusal."""
    kind, post, origin, older, newer, other, hashes = read(data)
    charter = keys.charter
    if post >= len(charter.posts):
        raise Refused("fork.no-such-post")
    log_key = next(
        (
            one.log_key
            for one in keys.generations(post)
            if origin == checkpoint.origin(charter.line, charter.kind, post, one.number)
        ),
        None,
    )
    if log_key is None:
        raise Refused("fork.other-origin")
    for size, root, signature in (older, newer):
        if not checkpoint.signed(log_key, origin, size, root, signature):
            raise Refused("note.bad-signature")
    if kind == SAME_SIZE:
        if older[0] != newer[0] or older[1] == newer[1]:
            raise Refused("fork.no-contradiction")
    elif (
        older[0] >= newer[0]
        or other == older[1]
        or not merkle.consistent(older[0], other, newer[0], newer[1], list(hashes))
    ):
        raise Refused("fork.no-contradiction")
    return post
