"""Ed25519 as spec/checkpoint.md §5 asks for: strict, one by one, without the cofactor.

`cryptography` (OpenSSL) computes `[S]B = R + [k]A` and compares the encoding of R. What it lets pass, keys
and points R of small order and points that RFC 8032 §5.1.3 does not decode, is refused here first.
"""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def decompress(data: bytes) -> tuple[int, int] | None:
    """The point that these 32 bytes encode, or None (RFC 8032 §5.1.3)."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P != u:
        x = x * ROOT_OF_MINUS_ONE % P
        if v * x * x % P != u:
            return None
    if x == 0 and sign:
        return None
    return (P - x if x & 1 != sign else x), y


def add(one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points in affine coordinates (RFC 8032 §5.1.4 without its shortcuts)."""
    (x1, y1), (x2, y2) = one, two
    t = D * x1 * x2 * y1 * y2 % P
    x3 = (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P
    y3 = (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P
    return x3, y3


def small_order(point: tuple[int, int]) -> bool:
    """Whether eight times the point is the neutral element."""
    for _ in range(3):
        point = add(point, point)
    return point == (0, 1)


@lru_cache(maxsize=4096)
def usable(key: bytes) -> bool:
    """Whether a key is a point of the curve, in its only encoding, and not of small order."""
    point = decompress(key)
    return point is not None and not small_order(point)


# All points of small order: the eight multiples of one of order 8 (its y is a root of D·y⁴ + 2·y² − 1,
# which follows from doubling to x² + y² = 0 with −x² + y² = 1 + D·x²·y²).
def _small_points() -> frozenset[bytes]:
    found = set()
    for number in range(2, 200):
        point = decompress(number.to_bytes(32, "little"))
        if point is None:
            continue
        point = _times(ORDER, point)
        total = (0, 1)
        multiples = set()
        for _ in range(8):
            multiples.add(_encode(total))
            total = add(total, point)
        if len(multiples) > len(found):
            found = multiples
        if len(found) == 8:
            return frozenset(found)
    raise AssertionError("a point of order 8 is among the first")


def _times(number: int, point: tuple[int, int]) -> tuple[int, int]:
    total = (0, 1)
    while number:
        if number & 1:
            total = add(total, point)
        point = add(point, point)
        number >>= 1
    return total


def _encode(point: tuple[int, int]) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


SMALL = _small_points()


@lru_cache(maxsize=65536)
def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature of the message by the key holds, strictly."""
    if len(key) != 32 or len(signature) != 64 or not usable(key):
        return False
    # An encoding of R other than the canonical one never equals what is computed, so this table is enough.
    if signature[:32] in SMALL or int.from_bytes(signature[32:], "little") >= ORDER:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
