"""Whether a filled form fits its form (spec/form.md §3.2, §7.1, §8)."""

import unicodedata

from .. import body as bodies
from ..body import Body

MOST_CHARS = 4000
HIDDEN = (
    (0x200E, 0x200F), (0x61C, 0x61C), (0x202A, 0x202E), (0x2066, 0x2069),  # bidirectional controls
    (0xAD, 0xAD), (0x34F, 0x34F), (0x115F, 0x1160), (0x180B, 0x180F), (0x200B, 0x200B), (0x200D, 0x200D),
    (0x2060, 0x2065), (0x206A, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0xE0000, 0xE0FFF),  # cannot be seen
    (0x2028, 0x2029), (0xFFFD, 0xFFFD),
)  # fmt: skip
KINDS = {
    "count": (bodies.COUNT,),
    "claims": (bodies.CLAIMS,),
    "instant": (bodies.INSTANT,),
    "window": (bodies.WINDOW,),
    "coordinate": (bodies.COORDINATE,),
    "area": (bodies.CIRCLE, bodies.POLYGON),
    "heights": (bodies.HEIGHTS,),
    "distance": (bodies.DISTANCE,),
    "code": (bodies.CODE,),
    "codes": (bodies.CODES,),
    "yes-no-unknown": (bodies.YES_NO,),
    "place": (bodies.PLACE,),
    "text": (bodies.TEXT,),
    "identifier": (bodies.IDENTIFIER,),
    "questions": (bodies.QUESTIONS,),
    "answers": (bodies.ANSWERS,),
    "terms": (bodies.TERMS,),
    "repeated": (bodies.REPEATED,),
    "level": (bodies.LEVEL,),
    "route": (bodies.ROUTE,),
    "instants": (bodies.INSTANTS,),
    "frequency": (bodies.FREQUENCY,),
    "bearing": (bodies.BEARING,),
    "hash": (bodies.HASH,),
    "identifiers": (bodies.IDENTIFIERS,),
}


class Unfit(Exception):
    """The filled form does not fit its form: there is no rendering."""


def check(body: Body, form: dict, wordbook: object) -> None:
    values = dict(body.fields)
    _check_fields(values, form, wordbook)
    by_name = {field["name"]: field for field in form["field"]}
    for field in form["field"]:
        if field["number"] in values:
            continue
        if field.get("required"):
            raise Unfit(field["name"])
        if "required_when" in field:
            other = values.get(by_name[field["required_when"]["field"]]["number"])
            if other is not None and _chosen(other) & set(field["required_when"]["is"]):
                raise Unfit(field["name"])


def _chosen(value: tuple) -> set[str]:
    if value[0] in (bodies.CODE, bodies.CODES):
        return set(value[1:])
    return {f"A{value[1]}"} if value[0] == bodies.LEVEL else set()


def _check_fields(values: dict[int, tuple], form: dict, wordbook: object) -> None:
    by_number = {field["number"]: field for field in form["field"]}
    for number, value in values.items():
        if number not in by_number:
            raise Unfit(number)
        _check_value(by_number[number], value, wordbook)


def _check_value(field: dict, value: tuple, wordbook: object) -> None:
    tag = value[0]
    if tag == bodies.UNKNOWN:
        if not field.get("unknown"):
            raise Unfit(field["name"])
        return
    if tag not in KINDS[field["kind"]]:
        raise Unfit(field["name"])
    if tag in (bodies.CODE, bodies.CODES) and not set(value[1:]) <= set(field["codes"]):
        raise Unfit(field["name"])
    if tag == bodies.ROUTE and len(value) - 1 < field.get("min_points", 2):
        raise Unfit(field["name"])
    if tag == bodies.LEVEL and value[1] not in field["levels"]:
        raise Unfit(field["name"])
    if tag == bodies.TEXT:
        check_text(value[2], field.get("max_chars", MOST_CHARS))
    elif tag in (bodies.QUESTIONS, bodies.ANSWERS, bodies.TERMS):
        for text in _texts(tag, value[1:]):
            check_text(text, MOST_CHARS)
    elif tag == bodies.REPEATED:
        inner = wordbook.form(value[1], value[2])
        _check_fields(dict(zip(value[3::2], value[4::2])), inner, wordbook)


def _texts(tag: int, items: tuple) -> list[str]:
    if tag == bodies.QUESTIONS:
        return [one[2] for one in items]
    if tag == bodies.ANSWERS:
        return [one[3] for one in items if one[1] < 2]
    return [one[3] for one in items if len(one) > 2]


def check_text(text: str, most: int) -> None:
    """§8.1 and §8.2."""
    if len(text) > most or not text.strip() or unicodedata.normalize("NFC", text) != text:
        raise Unfit("text")
    for at, sign in enumerate(text):
        point = ord(sign)
        if (
            unicodedata.category(sign) in ("Cc", "Co")
            or point & 0xFFFE == 0xFFFE
            or 0xFDD0 <= point <= 0xFDEF
            or any(first <= point <= last for first, last in HIDDEN)
        ):
            raise Unfit("text")
        if point == 0x200C and not (
            0 < at < len(text) - 1 and _arabic(text[at - 1]) and _arabic(text[at + 1])
        ):
            raise Unfit("text")


def _arabic(sign: str) -> bool:
    """A letter or vowel sign of Arabic script."""
    return unicodedata.category(sign) in ("Lo", "Lm", "Mn") and "ARABIC" in unicodedata.name(
        sign, ""
    )
