"""A post's post-quantum signature over a log (spec/cosignature.md)."""

from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa

from . import checkpoint
from .charter import Charter
from .faults import Refused

SIGNATURE_BYTES = 2420
TIME_MAX = 2**63 - 1


def name(line: bytes, kind: int, post: int, generation: int) -> str:
    data = b"khatt/1 cosigner\0" + line + bytes([kind, post]) + generation.to_bytes(4, "big")
    return sha256(data).digest()[:16].hex()


def message(cosigner: str, time: int, origin: str, size: int, root: bytes) -> bytes:
    """What is signed (§2)."""
    parts = [
        b"subtree/v1\n\0",
        b"\x20" + cosigner.encode() + time.to_bytes(8, "big"),
        b"\x20" + origin.encode() + bytes(8) + size.to_bytes(8, "big"),
        root,
    ]
    return b"".join(parts)


def check(
    charter: Charter,
    post: int,
    generation: int,
    log: int,
    size: int,
    time: int,
    signature: bytes,
    root: bytes,
) -> None:
    """Refuses a cosignature that does not hold over a log with this root at this size."""
    if post >= len(charter.posts) or log >= len(charter.posts):
        raise Refused("cosignature.no-such-post")
    key = charter.posts[post].pq_key
    if not key or charter.posts[post].generation != generation:
        raise Refused("cosignature.no-key")
    line, kind = charter.line, charter.kind
    origin = checkpoint.origin(line, kind, log, charter.posts[log].generation)
    signed = message(name(line, kind, post, generation), time, origin, size, root)
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(key).verify(signature, signed)
    except InvalidSignature:
        raise Refused("cosignature.bad-signature") from None
