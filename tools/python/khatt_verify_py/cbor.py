"""The subset of CBOR that Khatt writes (spec/encoding.md), read strictly and written.

An array becomes a tuple, so that what was read can be compared and kept. What a place may hold is for its
reader: the helpers here say only what type and how long.
"""

from .faults import Refused

DEPTH = 4
UINT, NEGATIVE, BYTES, TEXT, ARRAY = 0, 1, 2, 3, 4


class Short(Refused):
    """The bytes end before the item does."""

    def __init__(self):
        super().__init__("decode.truncated")


def head(data: bytes, at: int) -> tuple[int, int, int]:
    """Returns major type, value, and where the head ends; refuses what spec/encoding.md §2 refuses."""
    if at >= len(data):
        raise Short
    first = data[at]
    major, value = first >> 5, first & 31
    if major > ARRAY:
        raise Refused("decode.forbidden-type")
    if value < 24:
        return major, value, at + 1
    if value > 27:
        raise Refused("decode.forbidden-type")
    width = 1 << (value - 24)
    end = at + 1 + width
    if end > len(data):
        raise Short
    value = int.from_bytes(data[at + 1 : end], "big")
    if value < (24 if width == 1 else 1 << (4 * width)):
        raise Refused("decode.not-shortest")
    return major, value, end


def item(data: bytes, at: int, depth: int, negative: bool = False) -> tuple[object, int]:
    """Reads one item from `at`, with at most `depth` arrays inside one another; returns it and its end."""
    # A type that is not allowed here is told by its first byte, whether its head is whole or not.
    if not negative and at < len(data) and data[at] >> 5 == NEGATIVE:
        raise Refused("decode.forbidden-type")
    major, value, at = head(data, at)
    if major == UINT:
        return value, at
    if major == ARRAY:
        if depth == 0:
            raise Refused("decode.too-deep")
        items = []
        for _ in range(value):
            one, at = item(data, at, depth - 1, negative)
            items.append(one)
        return tuple(items), at
    if major == NEGATIVE:
        return -1 - value, at
    end = at + value
    if end > len(data):
        raise Short
    if major == BYTES:
        return data[at:end], end
    try:
        return data[at:end].decode("utf-8"), end
    except UnicodeDecodeError:
        raise Refused("decode.not-text") from None


def whole(data: bytes, depth: int = DEPTH, negative: bool = False) -> object:
    """Reads one item that fills the bytes."""
    value, end = item(data, 0, depth, negative)
    if end != len(data):
        raise Refused("decode.trailing")
    return value


def write(value: object) -> bytes:
    """The one encoding of what `whole` would read."""
    if isinstance(value, int):
        return _head(UINT, value) if value >= 0 else _head(NEGATIVE, -1 - value)
    if isinstance(value, bytes):
        return _head(BYTES, len(value)) + value
    if isinstance(value, str):
        data = value.encode("utf-8")
        return _head(TEXT, len(data)) + data
    return _head(ARRAY, len(value)) + b"".join(map(write, value))


def _head(major: int, value: int) -> bytes:
    if value < 24:
        return bytes([major << 5 | value])
    for code, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << (8 * width):
            return bytes([major << 5 | code]) + value.to_bytes(width, "big")
    raise ValueError("does not fit a head")


# --- What a place may hold -----------------------------------------------------------------------


def array(value: object, least: int, most: int | None = None) -> tuple:
    """An array of `least` items, or of `least` to `most`."""
    if not isinstance(value, tuple):
        raise Refused("decode.other-type")
    if not least <= len(value) <= (least if most is None else most):
        raise Refused("decode.other-length")
    return value


def uint(value: object, most: int = (1 << 64) - 1, least: int = 0) -> int:
    if not isinstance(value, int):
        raise Refused("decode.other-type")
    if not least <= value <= most:
        raise Refused("decode.too-large")
    return value


def blob(value: object, length: int) -> bytes:
    """Bytes of exactly this length."""
    if not isinstance(value, bytes):
        raise Refused("decode.other-type")
    if len(value) != length:
        raise Refused("decode.other-length")
    return value


def blob_within(value: object, most: int) -> bytes:
    if not isinstance(value, bytes):
        raise Refused("decode.other-type")
    if len(value) > most:
        raise Refused("decode.too-large")
    return value


def text(value: object, most: int, least: int = 0) -> str:
    """Text of so many bytes of UTF-8."""
    if not isinstance(value, str):
        raise Refused("decode.other-type")
    if not least <= len(value.encode("utf-8")) <= most:
        raise Refused("decode.too-large")
    return value


def ascending(values: list) -> list:
    """Refuses values that are not strictly ascending."""
    if any(a >= b for a, b in zip(values, values[1:])):
        raise Refused("decode.not-ascending")
    return values


U16, U32, U64 = (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1
TIME = (1 << 48) - 1
