"""Reads Khatt's entries with cbor2 and demands that they are deterministic CBOR.

Usage: entries.py [FILE]        FILE defaults to target/interop/entries.hex

An entry is one array of integers, byte strings, text strings and arrays. cbor2 must read all its bytes and
write the same bytes back in its canonical form (RFC 8949 §4.2.1). The file's format: tools/README.md.
"""

import io
import sys
from pathlib import Path

import cbor2

MAX_DEPTH = 5


class Refused(Exception):
    """The entry is not what the specification says."""


def check(entry: bytes) -> list:
    """Returns the entry as cbor2 reads it, or raises Refused."""
    stream = io.BytesIO(entry)
    try:
        # Read nothing ahead, so that bytes behind the item are left in the stream.
        value = cbor2.CBORDecoder(stream, read_size=1).decode()
    except Exception as fault:  # cbor2 raises several kinds; all of them mean the same here.
        raise Refused(f"cbor2 cannot read it: {fault}") from fault
    if stream.read():
        raise Refused("bytes follow the entry")
    if not isinstance(value, list):
        raise Refused("not an array")
    check_kinds(value, 1)
    if cbor2.dumps(value, canonical=True) != entry:
        raise Refused("cbor2 writes it differently: it is not in the deterministic form")
    return value


def check_kinds(value: object, depth: int) -> None:
    """Refuses whatever the strict subset leaves out: maps, tags, floats, null, and depth."""
    if isinstance(value, list):
        if depth > MAX_DEPTH:
            raise Refused(f"arrays nest deeper than {MAX_DEPTH}")
        for item in value:
            check_kinds(item, depth + 1)
    elif isinstance(value, bool) or not isinstance(value, (int, bytes, str)):
        raise Refused(f"holds a {type(value).__name__}")
    elif isinstance(value, int) and not -(2**64) <= value < 2**64:
        raise Refused("holds a big number")


def main(path: Path) -> int:
    try:
        rows = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as fault:
        print(f"entries: {fault}", file=sys.stderr)
        return 1
    if not rows:
        print(f"entries: {path} holds no entry", file=sys.stderr)
        return 1
    sizes = []
    for number, row in enumerate(rows, start=1):
        try:
            entry = bytes.fromhex(row)
            check(entry)
            must_refuse(entry + b"\x00")
            must_refuse(entry[:-1])
        except (Refused, ValueError) as fault:
            print(f"entries: {path}:{number}: {fault}", file=sys.stderr)
            return 1
        sizes.append(len(entry))
    print(f"entries: {len(rows)} read and written back alike, {min(sizes)} to {max(sizes)} bytes")
    return 0


def must_refuse(entry: bytes) -> None:
    try:
        check(entry)
    except Refused:
        return
    raise Refused("an altered copy was accepted")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "target/interop/entries.hex")))
