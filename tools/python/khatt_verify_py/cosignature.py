"""A post's post-quantum signature over a log (spec/cosignature.md)."""

from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import mldsa

from .faults import Refused
from .in_force import InForce

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
    keys: InForce,
    post: int,
    generation: int,
    origin: str,
    size: int,
    time: int,
    signature: bytes,
    root: bytes,
) -> None:
    """Refuses a cosignature that does not hold over the log of this origin with this root at this size."""
    key = next((one.pq_key for one in keys.generations(post) if one.number == generation), b"")
    if not key:
        raise Refused("cosignature.no-key")
    line, kind = keys.charter.line, keys.charter.kind
    signed = message(name(line, kind, post, generation), time, origin, size, root)
    try:
        mldsa.MLDSA44PublicKey.from_public_bytes(key).verify(signature, signed)
    except InvalidSignature:
        raise Refused("cosignature.bad-signature") from None
