"""The rows of a record file (spec/record-file.md)."""

from collections.abc import Iterator
from hashlib import sha256

from . import cbor, cosignature
from .cbor import U64, array, blob, blob_within, uint
from .faults import Refused

HEADER, CHARTER, ENTRY, CHECKPOINT, FORK, TRAILER, COSIGNATURE = range(7)
LONGEST_ROW = 524_288


def rows(data: bytes) -> Iterator[tuple]:
    """Each row after the header, judged by form; counts and digest are judged with the trailer.

    Raises Refused where the file stops being one.
    """
    counts: dict[int, int] = {}
    at, first = 0, True
    while True:
        start = at
        try:
            row, at = _row(data, at)
        except Refused:
            if first:
                raise Refused("record-file.no-record") from None
            raise
        if first:
            _check_header(row)
            first = False
            continue
        row = _shape(row)
        if row[0] == TRAILER:
            _check_trailer(row, counts, sha256(data[:start]).digest())
            yield row
            if at != len(data):
                raise Refused("record-file.trailing")
            return
        if row[0] == ENTRY:
            counts[row[1]] = counts.get(row[1], 0) + 1
        yield row


def _row(data: bytes, at: int) -> tuple[object, int]:
    window = data[at : at + LONGEST_ROW]
    try:
        row, length = cbor.item(window, 0, cbor.DEPTH)
    except cbor.Short:
        cut = len(data) - at <= LONGEST_ROW
        raise Refused("record-file.cut-short" if cut else "record-file.row-too-long") from None
    except Refused:
        raise Refused("record-file.malformed") from None
    return row, at + length


def _check_header(row: object) -> None:
    if not isinstance(row, tuple) or len(row) != 3 or row[:2] != (HEADER, "khatt record"):
        raise Refused("record-file.no-record")
    if not isinstance(row[2], int):
        raise Refused("record-file.no-record")
    if row[2] != 1:
        raise Refused("record-file.other-version")


def _shape(row: object) -> tuple:
    try:
        row = array(row, 1, LONGEST_ROW)
        reader = SHAPES.get(uint(row[0]))
        if reader is None:
            raise Refused("record-file.unknown-row")
        return (row[0], *reader(row[1:]))
    except Refused as fault:
        if fault.code == "record-file.unknown-row":
            raise
        raise Refused("record-file.malformed") from None


def _charter(items: tuple) -> tuple:
    return (blob_within(array(items, 1)[0], 262_144),)


def _fork(items: tuple) -> tuple:
    return (blob_within(array(items, 1)[0], LONGEST_ROW),)


def _entry(items: tuple) -> tuple:
    log, leaf, opened = array(items, 3)
    if isinstance(opened, int):
        uint(opened, 0)
    elif len(array(opened, 1, 3)) == 1:
        uint(opened[0], 1, 1)
    else:
        seed, body, auth = array(opened, 3)
        blob(seed, 16)
        blob_within(body, 262_144)
        blob_within(auth, 16_384)
    return uint(log, 15), blob_within(leaf, 65_536), opened


def _checkpoint(items: tuple) -> tuple:
    log, size, signature, *root = array(items, 3, 4)
    return uint(log, 15), uint(size, U64), blob(signature, 64), blob(root[0], 32) if root else None


def _cosignature(items: tuple) -> tuple:
    post, generation, log, size, time, signature = array(items, 6)
    return (
        uint(post, 15),
        uint(generation, 2**32 - 1),
        uint(log, 15),
        uint(size, U64),
        uint(time, cosignature.TIME_MAX),
        blob(signature, cosignature.SIGNATURE_BYTES),
    )


def _trailer(items: tuple) -> tuple:
    counts, digest = array(items, 2)
    return tuple(uint(one) for one in array(counts, 0, 16)), blob(digest, 32)


SHAPES = {
    CHARTER: _charter,
    ENTRY: _entry,
    CHECKPOINT: _checkpoint,
    FORK: _fork,
    TRAILER: _trailer,
    COSIGNATURE: _cosignature,
}


def _check_trailer(row: tuple, counts: dict[int, int], digest: bytes) -> None:
    _, stated, stated_digest = row
    held = [counts.get(log, 0) for log in range(len(stated))]
    if list(stated) != held or any(log >= len(stated) for log in counts):
        raise Refused("record-file.trailer-differs")
    if stated_digest != digest:
        raise Refused("record-file.trailer-differs")
