"""A post's signed statement of its log's size and root (spec/checkpoint.md §1, §3)."""

import base64
import binascii
from hashlib import sha256

from . import ed25519
from .faults import Refused

MOST_BYTES = 1 << 20
MOST_SIGNATURES = 64
DASH = "\u2014 "


def origin(line: bytes, kind: int, post: int, generation: int) -> str:
    data = b"khatt/1 origin\0" + line + bytes([kind, post]) + generation.to_bytes(4, "big")
    return sha256(data).digest()[:16].hex()


def text(name: str, size: int, root: bytes) -> bytes:
    """The signed text: origin, size, root, each in a row."""
    return f"{name}\n{size}\n{base64.b64encode(root).decode()}\n".encode()


def key_id(name: str, key: bytes) -> bytes:
    return sha256(name.encode() + b"\n\x01" + key).digest()[:4]


def signed(key: bytes, name: str, size: int, root: bytes, signature: bytes) -> bool:
    return ed25519.verify(key, text(name, size, root), signature)


def read_note(note: bytes, name: str, key: bytes) -> tuple[int, bytes]:
    """Returns size and root of a note that `key` signed under `name`, or refuses it."""
    if len(note) > MOST_BYTES:
        raise Refused("note.too-large")
    body, separator, rows = note.rpartition(b"\n\n")
    if not separator or not rows.endswith(b"\n"):
        raise Refused("note.malformed")
    body += b"\n"
    size, root = _read_text(body, name)
    signatures = rows[:-1].split(b"\n")
    if len(signatures) > MOST_SIGNATURES:
        raise Refused("note.malformed")
    found = False
    for row in signatures:
        signer, data = _read_signature(row)
        if signer != name or data[:4] != key_id(name, key):
            continue
        if not ed25519.verify(key, body, data[4:]):
            raise Refused("note.bad-signature")
        found = True
    if not found:
        raise Refused("note.unsigned")
    return size, root


def _read_text(body: bytes, name: str) -> tuple[int, bytes]:
    rows = body.split(b"\n")
    if len(rows) != 4 or rows[3] or rows[0] != name.encode():
        raise Refused("checkpoint.malformed")
    digits = rows[1]
    if not digits.isdigit() or (digits[:1] == b"0" and len(digits) > 1) or int(digits) >= 1 << 64:
        raise Refused("checkpoint.malformed")
    root = read_base64(rows[2])
    if len(root) != 32:
        raise Refused("checkpoint.malformed")
    return int(digits), root


def _read_signature(row: bytes) -> tuple[str, bytes]:
    try:
        parts = row.decode("utf-8").split(" ")
    except UnicodeDecodeError:
        raise Refused("note.malformed") from None
    if len(parts) != 3 or parts[0] != DASH.strip() or not parts[1] or "+" in parts[1]:
        raise Refused("note.malformed")
    data = read_base64(parts[2].encode())
    if len(data) < 5:
        raise Refused("note.malformed")
    return parts[1], data


def read_base64(data: bytes) -> bytes:
    """Base64 with padding, in its only spelling."""
    try:
        found = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("note.malformed") from None
    if base64.b64encode(found) != data:
        raise Refused("note.malformed")
    return found
