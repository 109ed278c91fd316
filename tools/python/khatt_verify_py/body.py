"""The bytes of a filled form (spec/body.md). Values stay as they were read: a tuple that starts with its tag."""

import re
from dataclasses import dataclass
from functools import lru_cache

from . import cbor
from .cbor import array, ascending, blob, text, uint
from .faults import Refused

LANGUAGES = ("en", "ar", "fa", "ru", "fr", "zh", "he")
MOST_BYTES, MOST_ITEMS, DEPTH = 16_384, 2048, 5
MOST_COUNT = 100_000_000
MOST_INSTANT = 7_258_118_399
(UNKNOWN, COUNT, CLAIMS, INSTANT, WINDOW, COORDINATE, CIRCLE, POLYGON, HEIGHTS, DISTANCE, CODE, CODES,
 YES_NO, PLACE, TEXT, IDENTIFIER, QUESTIONS, ANSWERS, TERMS, REPEATED, LEVEL, ROUTE, INSTANTS, FREQUENCY,
 BEARING, HASH, IDENTIFIERS) = range(27)  # fmt: skip


@dataclass(frozen=True)
class Body:
    form: int
    version: int
    language: str
    references: tuple[tuple[int, int, int], ...]
    fields: tuple[tuple[int, tuple], ...]
    digest: bytes


@lru_cache(maxsize=65536)
def read(data: bytes) -> Body:
    if len(data) > MOST_BYTES:
        raise Refused("KF-1301")
    try:
        items = cbor.whole(data, DEPTH, negative=True)
    except Refused as fault:
        shape = fault.code in ("decode.not-shortest",)
        raise Refused("KF-1307" if shape else "KF-1302") from None
    if not isinstance(items, tuple) or _items(items) > MOST_ITEMS:
        raise Refused("KF-1302")
    if not items or items[0] != 1:
        raise Refused("KF-1303")
    try:
        return _read(items)
    except Refused as fault:
        raise fault if fault.code.startswith("KF-") else Refused("KF-1305") from None


def _items(items: tuple) -> int:
    return 1 + sum(_items(one) if isinstance(one, tuple) else 1 for one in items)


def _read(items: tuple) -> Body:
    _, form, version, language, references, fields, digest = array(items, 7)
    uint(form, 255, 1), uint(version, 255, 1)
    if language not in LANGUAGES:
        text(language, 64)
        raise Refused("KF-1304")
    references = [array(one, 3) for one in array(references, 0, 16)]
    for relation, log, index in references:
        uint(relation, 8), uint(log, 255), uint(index)
    ascending(references)
    pairs = _pairs(array(fields, 0, MOST_ITEMS), 0, MOST_ITEMS)
    for _, value in pairs:
        try:
            check(value)
        except (Refused, IndexError):
            raise Refused("KF-1306") from None
    return Body(form, version, language, tuple(references), pairs, blob(digest, 32))


def _pairs(items: tuple, least: int, most: int) -> tuple[tuple[int, tuple], ...]:
    if len(items) % 2 or not least <= len(items) // 2 <= most:
        raise Refused("decode.other-length")
    pairs = tuple(zip(items[::2], items[1::2]))
    ascending([uint(number, 255) for number, _ in pairs])
    return pairs


def check(value: object, inside: bool = False) -> None:
    """Refuses a value that is not of a shape of §4."""
    tag, *rest = array(value, 1, 64)
    reader = READERS.get(uint(tag))
    if reader is None or (inside and tag == REPEATED):
        raise Refused("KF-1306")
    reader(tuple(rest))


def _nothing(rest: tuple) -> None:
    array(rest, 0)


def _one(check_one) -> object:
    return lambda rest: check_one(array(rest, 1)[0])


def _list(most: int, check_items) -> object:
    """1 to `most` arrays, each judged by its items."""

    def reader(rest: tuple) -> None:
        for one in array(rest, 1, most):
            check_items(array(one, 1, MOST_ITEMS))

    return reader


def _numbered(check_items) -> object:
    """1 to 20 arrays, each with a number first, ascending."""

    def reader(rest: tuple) -> None:
        for one in array(rest, 1, 20):
            number, *items = array(one, 1, MOST_ITEMS)
            uint(number, 255, 1)
            check_items(tuple(items))
        ascending([one[0] for one in rest])

    return reader


def _count(rest: tuple) -> None:
    kind, *numbers = array(rest, 1, 3)
    if uint(kind, 5) in (0, 5):
        array(tuple(numbers), 0)
    elif kind == 2:
        lower, upper = array(tuple(numbers), 2)
        if uint(lower) >= uint(upper, MOST_COUNT):
            raise Refused("KF-1306")
    else:
        uint(array(tuple(numbers), 1)[0], MOST_COUNT, 1)


def _claim(rest: tuple) -> None:
    uint(rest[0], 3)
    _count(rest[1:])


def _instant(rest: tuple) -> None:
    seconds, *zone = array(rest, 1, 4)
    uint(seconds, MOST_INSTANT)
    if zone:
        name, offset, version = array(tuple(zone), 3)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9/_+-]{0,39}", text(name, 40)) or name == "UTC":
            raise Refused("KF-1306")
        uint(offset, 1080, -1080)
        uint(version, cbor.U16)


def _window(rest: tuple) -> None:
    first, second = (array(one, 1, 4) for one in array(rest, 2))
    _instant(first), _instant(second)
    if second[0] <= first[0]:
        raise Refused("KF-1306")


def _point(rest: tuple) -> None:
    latitude, longitude = array(rest, 2)
    uint(latitude, 90_000_000, -90_000_000), uint(longitude, 180_000_000, -180_000_000)


def _circle(rest: tuple) -> None:
    _point(array(rest, 3)[:2])
    uint(rest[2], 2_000_000, 1)


def _polygon(rest: tuple) -> None:
    if len(rest) % 2 or not 3 <= len(rest) // 2 <= 16:
        raise Refused("decode.other-length")
    for at in range(0, len(rest), 2):
        _point(rest[at : at + 2])


def _heights(rest: tuple) -> None:
    lower, upper = (array(one, 1, 2) for one in array(rest, 2))
    _height(lower), _height(upper)
    if lower[0] == 8 or upper[0] == 0 or (lower[0] == upper[0] and lower[1] > upper[1]):
        raise Refused("KF-1306")


def _height(value: tuple) -> None:
    kind = uint(value[0], 8)
    if kind in (0, 8):
        array(value, 1)
    else:
        least, most = (1, 999) if kind == 7 else (-500, 100_000) if kind < 4 else (-1500, 330_000)
        uint(array(value, 2)[1], most, least)


def _matching(pattern: str) -> object:
    def reader(value: object) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise Refused("KF-1306")

    return reader


_code = _matching(r"[a-z0-9-]{1,32}")
_identifier = _matching(r"(?! )[A-Za-z0-9 \-_./:#+]{1,32}(?<! )")
_gazetteer_id = _matching(r"[a-z0-9:-]{1,32}")


def _codes(rest: tuple) -> None:
    for one in array(rest, 1, 16):
        _code(one)
    ascending(list(rest))


def _identifiers(rest: tuple) -> None:
    for one in array(rest, 1, 16):
        _identifier(one)
    ascending(list(rest))


def _route(rest: tuple) -> None:
    points = [array(one, 2, 6) for one in array(rest, 1, 24)]
    for one in points:
        _point(one[:2])
        if len(one) > 2:
            _instant(one[2:])
    ascending([one[2] for one in points if len(one) > 2])
    if any(a[:2] == b[:2] for a, b in zip(points, points[1:])):
        raise Refused("KF-1306")


def _instants(rest: tuple) -> None:
    for one in array(rest, 1, 8):
        _instant(array(one, 1, 4))
    ascending([one[0] for one in rest])


def _place(rest: tuple) -> None:
    _gazetteer_id(array(rest, 3)[0])
    _point(rest[1:])


def _text(rest: tuple) -> None:
    language, content = array(rest, 2)
    if language not in LANGUAGES:
        raise Refused("KF-1306")
    text(content, 16_000, 1)


def _answer(rest: tuple) -> None:
    kind, items = uint(rest[0], 4), rest[1:]
    (_text, _text, _one(_code), _instant, _nothing)[kind](items)


def _term(rest: tuple) -> None:
    uint(rest[0], 4)
    if len(rest) > 1:
        _text(rest[1:])


def _repeated(rest: tuple) -> None:
    form, version, *fields = array(rest, 4, 26)
    uint(form, 255, 1), uint(version, 255, 1)
    for _, value in _pairs(tuple(fields), 1, 12):
        check(value, inside=True)


READERS = {
    UNKNOWN: _nothing,
    COUNT: _count,
    CLAIMS: _list(4, _claim),
    INSTANT: _instant,
    WINDOW: _window,
    COORDINATE: _point,
    CIRCLE: _circle,
    POLYGON: _polygon,
    HEIGHTS: _heights,
    DISTANCE: _one(lambda value: uint(value, 20_100_000, 1)),
    CODE: _one(_code),
    CODES: _codes,
    YES_NO: _one(lambda value: uint(value, 2)),
    PLACE: _place,
    TEXT: _text,
    IDENTIFIER: _one(_identifier),
    QUESTIONS: _numbered(_text),
    ANSWERS: _numbered(_answer),
    TERMS: _numbered(_term),
    REPEATED: _repeated,
    LEVEL: _one(lambda value: uint(value, 6)),
    ROUTE: _route,
    INSTANTS: _instants,
    FREQUENCY: _one(lambda value: uint(value, 300_000_000_000, 1)),
    BEARING: _one(lambda value: uint(value, 359)),
    HASH: _one(lambda value: blob(value, 32)),
    IDENTIFIERS: _identifiers,
}
