"""Title, headline and rows of a filled form, and their digest (spec/form.md §7)."""

from hashlib import sha256

from .. import body as bodies
from ..body import Body
from . import wording
from .paint import Painter, number, worded
from .phrases import LANGUAGES, phrase


def digest(body: Body, form: dict, wordbook: object, languages: tuple[str, ...]) -> bytes:
    taken = [one for one in LANGUAGES if one in languages]
    data = b"khatt rendering v1\0" + bytes([body.form, body.version, len(taken)])
    for language in taken:
        title, headline, rows = render(body, form, wordbook, language)
        data += _text(language) + _text(title) + _text(headline)
        data += b"".join(_text(label) + _text(value) for label, value in rows) + _text("")
    return sha256(data).digest()


def _text(text: str) -> bytes:
    data = text.encode("utf-8")
    return len(data).to_bytes(4, "big") + data


def render(
    body: Body, form: dict, wordbook: object, language: str
) -> tuple[str, str, list[tuple[str, str]]]:
    title = worded(form["title"], language)
    painter = Painter(language, wordbook, body.language)
    values = dict(body.fields)
    rows = []
    for field in form["field"]:
        value = values.get(field["number"])
        if value is not None:
            rows.append((field["label"][language], painter.value(value)))
        elif field.get("harm"):
            rows.append((field["label"][language], painter.not_stated()))
    return title, _headline(form, values, painter), rows


def _headline(form: dict, values: dict[int, tuple], painter: Painter) -> str:
    fields = {field["name"]: field for field in form["field"]}
    comma = phrase("comma", painter.language)

    def cases(name: str) -> list[str]:
        value = values.get(fields[name]["number"])
        return ["absent"] if value is None else arms(value, painter.language)

    def painted(name: str) -> str:
        end = None
        for at, suffix in enumerate(("-lower", "-upper")):
            if name not in fields and name.endswith(suffix):
                name, end = name[: -len(suffix)], at
        value = values[fields[name]["number"]]
        if value[0] in (bodies.COUNT, bodies.CLAIMS):
            count = value[1:] if value[0] == bodies.COUNT else value[1][1:]
            if end is not None:
                return number(count[1 + end], painter.language)
            if count[0] in (1, 3, 4):
                return number(count[1], painter.language)
        return painter.value(value, comma)

    return wording.evaluate(form["wording"][painter.language], cases, painted)


def arms(value: tuple, language: str) -> list[str]:
    """The arms that fit a value, best first (§5.3)."""
    tag = value[0]
    if tag == bodies.UNKNOWN:
        return ["unknown"]
    if tag == bodies.COUNT:
        return _count_arms(value[1:], language)
    if tag == bodies.CLAIMS:
        single = len(value) == 2 and value[1][0] in (0, 1)
        return _count_arms(value[1][1:], language) if single else ["separate"]
    if tag == bodies.CODE:
        return [value[1]]
    if tag == bodies.LEVEL:
        return [f"A{value[1]}"]
    if tag == bodies.YES_NO:
        return [("yes", "no", "unknown")[value[1]]]
    return ["present"]


def _count_arms(items: tuple, language: str) -> list[str]:
    kind = items[0]
    if kind == 1:
        return [str(items[1]), plural(items[1], language)]
    return [("none", "", "range", "at-least", "at-most", "unknown")[kind]]


def plural(count: int, language: str) -> str:
    """CLDR's cardinal category of a whole number from 1 (§5.4)."""
    return PLURALS[language](count)


def _arabic(count: int) -> str:
    if count in (1, 2):
        return ("one", "two")[count - 1]
    rest = count % 100
    return "few" if 3 <= rest <= 10 else "many" if 11 <= rest else "other"


def _russian(count: int) -> str:
    ones, tens = count % 10, count % 100 // 10
    if tens == 1 or not 1 <= ones <= 4:
        return "many"
    return "one" if ones == 1 else "few"


def _one(count: int) -> str:
    return "one" if count == 1 else "other"


PLURALS = {
    "en": _one,
    "ar": _arabic,
    "fa": _one,
    "ru": _russian,
    "fr": lambda count: "many" if count % 1_000_000 == 0 else _one(count),
    "zh": lambda count: "other",
    "he": lambda count: "two" if count == 2 else _one(count),
}
