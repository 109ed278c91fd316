"""Opens Khatt's HPKE X-Wing capsule with Python's cryptography.

Usage: hpke_open.py [FILE]      FILE defaults to target/interop/capsule.json

The file's format: tools/README.md.
"""

import hashlib
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SUITE = "647A/0001/0003"
KEYS = {"suite", "sk_seed", "pk", "enc", "ct", "info", "plaintext"}
ENC_BYTES = 1120


class Refused(Exception):
    """The capsule is not what the specification says."""


def suite() -> hpke.Suite:
    return hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


def halves(seed: bytes) -> tuple[mlkem.MLKEM768PrivateKey, x25519.X25519PrivateKey]:
    """Expands an X-Wing seed into its two keys (draft-connolly-cfrg-xwing-kem, key derivation)."""
    if len(seed) != 32:
        raise Refused("sk_seed is not 32 bytes")
    wide = hashlib.shake_256(seed).digest(96)
    return (
        mlkem.MLKEM768PrivateKey.from_seed_bytes(wide[:64]),
        x25519.X25519PrivateKey.from_private_bytes(wide[64:]),
    )


def public(seed: bytes) -> bytes:
    """The X-Wing public key of a seed: ML-KEM half, then X25519 half."""
    first, second = halves(seed)
    return first.public_key().public_bytes_raw() + second.public_key().public_bytes(
        Encoding.Raw, PublicFormat.Raw
    )


def open_capsule(seed: bytes, enc: bytes, ct: bytes, info: bytes) -> bytes:
    """Returns the plaintext; raises what cryptography raises if the capsule does not open."""
    key = hpke.MLKEM768X25519PrivateKey(*halves(seed))
    return suite().decrypt(enc + ct, key, info=info)


def check(capsule: dict) -> int:
    """Returns the length of the plaintext, or raises Refused."""
    if set(capsule) != KEYS:
        raise Refused(f"its keys are not {sorted(KEYS)}")
    if capsule["suite"] != SUITE:
        raise Refused(f"its suite is not {SUITE}")
    seed, pk, enc, ct, info, plaintext = (
        bytes.fromhex(capsule[key]) for key in ("sk_seed", "pk", "enc", "ct", "info", "plaintext")
    )
    if len(enc) != ENC_BYTES:
        raise Refused(f"enc is {len(enc)} bytes, not {ENC_BYTES}")
    if public(seed) != pk:
        raise Refused("pk is not the public key of sk_seed")
    try:
        opened = open_capsule(seed, enc, ct, info)
    except Exception as fault:
        raise Refused(f"cryptography cannot open it: {fault!r}") from fault
    if opened != plaintext:
        raise Refused("what came out is not the plaintext")
    must_refuse("an altered ciphertext", seed, enc, flip(ct), info)
    must_refuse("an altered encapsulation", seed, flip(enc), ct, info)
    must_refuse("another info", seed, enc, ct, info + b"\x00")
    must_refuse("another key", flip(seed), enc, ct, info)
    return len(opened)


def must_refuse(what: str, seed: bytes, enc: bytes, ct: bytes, info: bytes) -> None:
    try:
        open_capsule(seed, enc, ct, info)
    except Exception:
        return
    raise Refused(f"{what} was accepted")


def flip(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def main(path: Path) -> int:
    try:
        length = check(json.loads(path.read_text(encoding="ascii")))
    except (Refused, OSError, ValueError, TypeError) as fault:
        print(f"hpke_open: {path}: {fault}", file=sys.stderr)
        return 1
    print(f"hpke_open: capsule opened, {length} bytes; four altered ones refused")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "target/interop/capsule.json")))
