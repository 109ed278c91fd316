"""Checks officers' signatures as COSE_Sign1 objects with cbor2 and cryptography.

Usage: officers.py [FILE]       FILE defaults to target/interop/officers.json

The Sig_structure is built here from RFC 9052 §4.4. The file's format: tools/README.md.
"""

import hashlib
import json
import sys
from pathlib import Path

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

SIGN1 = 18
ALGORITHM, KEY_ID = 1, 4
EDDSA = -8


class Refused(Exception):
    """The object is not what the specification says."""


def check(key: bytes, statement: bytes, sign1: bytes, external: bytes) -> bytes:
    """Returns the key id of an object that holds, or raises Refused."""
    tagged = cbor2.loads(sign1)
    if not isinstance(tagged, cbor2.CBORTag) or tagged.tag != SIGN1 or len(tagged.value) != 4:
        raise Refused("not a tagged COSE_Sign1 object")
    protected, unprotected, payload, signature = tagged.value
    header = cbor2.loads(protected)
    if header.get(ALGORITHM) != EDDSA or set(header) != {ALGORITHM, KEY_ID} or unprotected:
        raise Refused("its headers are not the algorithm EdDSA and a key id, both protected")
    if payload != hashlib.sha256(statement).digest():
        raise Refused("its payload is not the hash of the statement")
    signed = cbor2.dumps(["Signature1", protected, external, payload])
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except InvalidSignature as fault:
        raise Refused("its signature does not verify") from fault
    return header[KEY_ID]


def must_refuse(what: str, *held: bytes) -> None:
    try:
        check(*held)
    except Refused:
        return
    raise Refused(f"{what} was accepted")


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def main(path: Path) -> int:
    try:
        held = json.loads(path.read_text(encoding="ascii"))
        external = bytes.fromhex(held["external_aad"])
        ids = set()
        for one in held["signatures"]:
            key, statement, sign1 = (
                bytes.fromhex(one[name]) for name in ("key", "statement", "cose_sign1")
            )
            ids.add(check(key, statement, sign1, external))
            must_refuse("an altered signature", key, statement, flip(sign1), external)
            must_refuse("another statement", key, flip(statement), sign1, external)
            must_refuse("other external data", key, statement, sign1, flip(external))
        if len(ids) < 2:
            raise Refused("there are not two officers")
    except (Refused, OSError, ValueError, KeyError) as fault:
        print(f"officers: {path}: {fault}", file=sys.stderr)
        return 1
    print(f"officers: {len(ids)} officers' signatures hold, three altered ones of each refused")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "target/interop/officers.json")))
