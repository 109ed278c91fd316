"""Checks the ML-DSA-44 cosignatures on Khatt's checkpoint with Python's cryptography.

Usage: cosignatures.py [DIR]    DIR defaults to target/interop

It reads checkpoint.txt and vkey.txt (tools/README.md). The signed message is built here from C2SP
tlog-cosignature, "ML-DSA-44 signed message", and from nothing of Khatt's.
"""

import base64
import hashlib
import struct
import sys
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa

TYPE = 0x06
KEY_BYTES = 1312
SIGNATURE_BYTES = 2420


class Refused(Exception):
    """The note is not what the specification says."""


def keys(text: str) -> dict[tuple[str, bytes], bytes]:
    """Returns the ML-DSA-44 keys among verifier keys, by name and key id."""
    found = {}
    for row in text.splitlines():
        name, key_id, blob = row.split("+", 2)
        blob = base64.b64decode(blob, validate=True)
        if blob[0] != TYPE:
            continue
        if len(blob) != 1 + KEY_BYTES:
            raise Refused("a key of type 0x06 is not 1312 bytes")
        expected = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
        if bytes.fromhex(key_id) != expected:
            raise Refused(f"the id of {name} is not that of its key")
        found[name, expected] = blob[1:]
    return found


def split(note: str) -> tuple[str, int, bytes, list[tuple[str, bytes, bytes]]]:
    """Returns origin, size, root and signature rows (name, key id, rest) of a checkpoint."""
    text, rows = note.split("\n\n")
    origin, size, root = text.split("\n")
    signatures = []
    for row in rows.removesuffix("\n").split("\n"):
        dash, name, blob = row.split(" ")
        if dash != "\u2014":
            raise Refused("a signature row does not begin with a dash")
        blob = base64.b64decode(blob, validate=True)
        signatures.append((name, blob[:4], blob[4:]))
    return origin, int(size), base64.b64decode(root, validate=True), signatures


def message(name: str, time: int, origin: str, size: int, root: bytes) -> bytes:
    """The cosigned_message of a checkpoint."""

    def opaque(text: str) -> bytes:
        return struct.pack(">B", len(text.encode())) + text.encode()

    return b"".join(
        [
            b"subtree/v1\n\x00",
            opaque(name),
            struct.pack(">Q", time),
            opaque(origin),
            struct.pack(">QQ", 0, size),
            root,
        ]
    )


def holds(key: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def check(note: str, vkeys: str) -> int:
    """Returns how many cosignatures hold, or raises Refused."""
    known = keys(vkeys)
    if len(known) < 2:
        raise Refused("there are not two keys of type 0x06")
    origin, size, root, rows = split(note)
    if len(root) != 32:
        raise Refused("the root is not 32 bytes")
    held = set()
    for name, key_id, rest in rows:
        key = known.get((name, key_id))
        if key is None:
            continue
        if len(rest) != 8 + SIGNATURE_BYTES:
            raise Refused(f"the cosignature of {name} has another length")
        (time,) = struct.unpack(">Q", rest[:8])
        signature = rest[8:]
        if not holds(key, signature, message(name, time, origin, size, root)):
            raise Refused(f"the cosignature of {name} does not verify")
        other_root = bytes([root[0] ^ 1]) + root[1:]
        altered = [
            message(name, time + 1, origin, size, root),
            message(name, time, origin, size + 1, root),
            message(name, time, origin, size, other_root),
            message(name, time, name, size, root),
            message(origin, time, origin, size, root),
        ]
        if any(holds(key, signature, other) for other in altered):
            raise Refused(f"the cosignature of {name} verifies over another statement")
        held.add(name)
    if len(held) != len(known):
        raise Refused(f"{len(known) - len(held)} of {len(known)} keys have no cosignature")
    return len(held)


def main(folder: Path) -> int:
    try:
        note = (folder / "checkpoint.txt").read_text(encoding="utf-8")
        held = check(note, (folder / "vkey.txt").read_text(encoding="ascii"))
    except (Refused, OSError, ValueError) as fault:
        print(f"cosignatures: {folder}: {fault}", file=sys.stderr)
        return 1
    print(f"cosignatures: {held} hold, five altered statements of each refused")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "target/interop")))
