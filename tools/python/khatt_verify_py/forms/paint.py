"""Values as they are shown in one language (spec/form.md §7.2)."""

from datetime import datetime, timedelta, timezone

from .. import body as bodies
from .phrases import fill, of, phrase

LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
ROW = "\n  "
LATIN = "0123456789"
DIGITS = {"ar": "٠١٢٣٤٥٦٧٨٩", "fa": "۰۱۲۳۴۵۶۷۸۹"}
FROM_THE_RIGHT = ("ar", "fa", "he")


class NoRendering(Exception):
    """A form, a code or a place that is not known, or has no words in the language."""


def token(text: str, mark: str = LRI) -> str:
    return mark + text + PDI


def digits(text: str, language: str) -> str:
    own = DIGITS.get(language, LATIN)
    return "".join(own[LATIN.index(one)] if one in LATIN else one for one in text)


def number(value: int, language: str) -> str:
    shown = token(digits(str(value), language))
    return f"{shown} {token(f'[{value}]')}" if language in DIGITS else shown


class Painter:
    """Paints values of one message in one language, with the words of one line."""

    def __init__(self, language: str, wordbook: object, original: str):
        self.language = language
        self.wordbook = wordbook
        self.original = original

    def say(self, name: str) -> str:
        return phrase(name, self.language)

    def fill(self, pattern: str, row: str = "", **slots: str) -> str:
        return fill(pattern, self.language, row, **slots)

    def number(self, value: int) -> str:
        return number(value, self.language)

    def value(self, value: tuple, row: str = ROW) -> str:
        """What stands in a row, or, with the comma for `row`, in a headline."""
        tag, *rest = value
        return PAINTERS[tag](self, tuple(rest), row)

    def unknown(self) -> str:
        return token(self.say("unknown"), FSI)

    def not_stated(self) -> str:
        return token(self.say("not-stated"), FSI)

    def count(self, items: tuple) -> str:
        kind, *numbers = items
        shown = [self.number(one) for one in numbers]
        if kind == 0:
            return self.fill("none", n=self.number(0))
        if kind == 1:
            return shown[0]
        if kind == 2:
            return self.fill("range", a=shown[0], b=shown[1])
        if kind in (3, 4):
            return self.fill("at-least" if kind == 3 else "at-most", n=shown[0])
        return self.unknown()

    def claims(self, items: tuple, row: str) -> str:
        shown = [self.claim(*one) for one in items]
        return shown[0] if len(shown) == 1 else row.join([self.say("separate"), *shown])

    def claim(self, status: int, *count: int) -> str:
        shown = self.count(count)
        if status == 0 and count[0] == 5:
            return shown
        return self.fill("claim", n=shown, s=of("Status", status, self.language))

    def instant(self, items: tuple, row: str = "") -> str:
        zone = items[1] if len(items) > 1 else None
        offset = items[2] if zone else 0
        at = datetime.fromtimestamp(items[0], timezone.utc)
        local = at + timedelta(minutes=offset)
        clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ" if at.second else "%Y-%m-%dT%H:%MZ")
        hours, minutes = divmod(abs(offset), 60)
        return self.fill(
            "local" if zone else "utc",
            t=self.own(clock),
            z=token(f"{zone} UTC{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"),
            w=of("Weekdays", local.weekday(), self.language),
            d=self.own(str(local.day)),
            m=of("Months", local.month - 1, self.language),
            y=self.own(str(local.year)),
            i=token(stamp),
        )

    def own(self, text: str) -> str:
        return token(digits(text, self.language))

    def window(self, items: tuple, row: str) -> str:
        first, second = map(self.instant, items)
        return self.fill("window", row, a=first, b=second)

    def distance(self, metres: int) -> str:
        if metres % 1000 == 0:
            return self.fill("kilometres", n=self.number(metres // 1000))
        return self.fill("metres", n=self.number(metres))

    def circle(self, items: tuple, row: str) -> str:
        return self.fill("circle", r=self.distance(items[2]), c=point(items[:2]))

    def polygon(self, items: tuple, row: str) -> str:
        corners = [point(items[at : at + 2]) for at in range(0, len(items), 2)]
        return self.fill("polygon", c=self.say("semicolon").join(corners))

    def heights(self, items: tuple, row: str) -> str:
        lower, upper = map(self.height, items)
        return self.fill("heights", a=lower, b=upper)

    def height(self, value: tuple) -> str:
        kind = value[0]
        if kind == 0:
            return self.say("surface")
        if kind == 8:
            return self.say("unlimited")
        if kind == 7:
            return token(f"FL{value[1]:03}")
        pattern = "metres-above" if kind < 4 else "feet-above"
        datum = of("Data", (kind - 1) % 3, self.language)
        return self.fill(pattern, n=self.number(value[1]), d=datum)

    def place(self, items: tuple, row: str) -> str:
        name = token(self.wordbook.place(items[0], self.language), FSI)
        return self.fill("place", n=name, c=point(items[1:]))

    def code(self, code: str) -> str:
        return token(self.wordbook.caption(code, self.language), FSI)

    def codes(self, items: tuple, row: str) -> str:
        return self.say("listed").join(map(self.code, items))

    def yes_no(self, items: tuple, row: str) -> str:
        return self.unknown() if items[0] == 2 else self.say(("yes", "no")[items[0]])

    def text(self, items: tuple, row: str = "") -> str:
        language, content = items
        shown = token(content, RLI if language in FROM_THE_RIGHT else LRI)
        if language == self.language:
            return shown
        name = of("Names", bodies.LANGUAGES.index(language), self.language)
        return self.fill("foreign", l=name, t=shown)

    def questions(self, items: tuple, row: str) -> str:
        return row.join(self.question(one[0], self.text(one[1:])) for one in items)

    def answers(self, items: tuple, row: str) -> str:
        return row.join(self.question(one[0], self.answer(one[1], one[2:])) for one in items)

    def question(self, value: int, shown: str) -> str:
        return self.fill("question", n=self.number(value), t=shown)

    def answer(self, kind: int, rest: tuple) -> str:
        if kind < 2:
            return self.fill(("answered", "answered-in-part")[kind], t=self.text(rest))
        if kind == 2:
            return self.fill("declined", r=self.code(rest[0]))
        if kind == 3:
            return self.fill("stand-by", i=self.instant(rest))
        return self.say("not-our-forces")

    def terms(self, items: tuple, row: str) -> str:
        return row.join(self.term(*one) for one in items)

    def term(self, value: int, position: int, *text: str) -> str:
        slots = {"n": self.number(value), "p": of("Position", position, self.language)}
        if text:
            return self.fill("term-text", **slots, t=self.text(text))
        return self.fill("term", **slots)

    def repeated(self, items: tuple, row: str) -> str:
        form = self.wordbook.form(items[0], items[1])
        title = token(worded(form["title"], self.language), FSI)
        shown = [self.fill("of-form", f=title)]
        values = dict(zip(items[2::2], items[3::2]))
        for field in form["field"]:
            if field["number"] in values:
                label = token(worded(field["label"], self.language), FSI)
                value = self.value(values[field["number"]], row)
                shown.append(self.fill("repeated", l=label, v=value))
        return row.join(shown)

    def rows(self, values: list[str], row: str) -> str:
        shown = (self.fill("numbered", n=self.number(at), v=one) for at, one in enumerate(values, 1))
        return row.join(shown)

    def route(self, items: tuple, row: str) -> str:
        def one(items: tuple) -> str:
            if len(items) == 2:
                return point(items)
            return self.fill("waypoint", c=point(items[:2]), i=self.instant(items[2:]))

        return self.rows([one(items) for items in items], row)

    def instants(self, items: tuple, row: str) -> str:
        return self.rows([self.instant(one) for one in items], row)

    def level(self, items: tuple, row: str) -> str:
        # The table gives code and wording in one cell.
        code, _, wording = of("Ladder", items[0], self.language).partition(" ")
        return f"{token(code)} {wording}"


def frequency(hertz: int) -> str:
    """Kilohertz below 10 MHz, megahertz with at least three decimals from there."""
    per, unit, least = (1000, "kHz", 0) if hertz < 10_000_000 else (1_000_000, "MHz", 3)
    whole, rest = divmod(hertz, per)
    decimals = f"{rest:0{len(str(per)) - 1}}"
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    return f"{whole}.{decimals} {unit}" if decimals else f"{whole} {unit}"


def groups(hashed: bytes) -> str:
    return " ".join(hashed[at : at + 2].hex() for at in range(0, len(hashed), 2))


def worded(table: dict[str, str], language: str) -> str:
    if language not in table:
        raise NoRendering(language)
    return table[language]


def point(items: tuple) -> str:
    """Degrees with four to six decimals."""
    latitude, longitude = items

    def degrees(value: int, signs: str) -> str:
        whole, rest = divmod(abs(value), 1_000_000)
        decimals = f"{rest:06}"
        decimals = decimals[:4] + decimals[4:].rstrip("0")
        return f"{whole}.{decimals} {signs[value < 0]}"

    return token(f"{degrees(latitude, 'NS')} {degrees(longitude, 'EW')}")


PAINTERS = {
    bodies.UNKNOWN: lambda painter, rest, row: painter.unknown(),
    bodies.COUNT: lambda painter, rest, row: painter.count(rest),
    bodies.CLAIMS: Painter.claims,
    bodies.INSTANT: Painter.instant,
    bodies.WINDOW: Painter.window,
    bodies.COORDINATE: lambda painter, rest, row: point(rest),
    bodies.CIRCLE: Painter.circle,
    bodies.POLYGON: Painter.polygon,
    bodies.HEIGHTS: Painter.heights,
    bodies.DISTANCE: lambda painter, rest, row: painter.distance(rest[0]),
    bodies.CODE: lambda painter, rest, row: painter.code(rest[0]),
    bodies.CODES: Painter.codes,
    bodies.YES_NO: Painter.yes_no,
    bodies.PLACE: Painter.place,
    bodies.TEXT: Painter.text,
    bodies.IDENTIFIER: lambda painter, rest, row: token(rest[0]),
    bodies.QUESTIONS: Painter.questions,
    bodies.ANSWERS: Painter.answers,
    bodies.TERMS: Painter.terms,
    bodies.REPEATED: Painter.repeated,
    bodies.LEVEL: Painter.level,
    bodies.ROUTE: Painter.route,
    bodies.INSTANTS: Painter.instants,
    bodies.FREQUENCY: lambda painter, rest, row: token(frequency(rest[0])),
    bodies.BEARING: lambda painter, rest, row: token(f"{rest[0]:03}°T"),
    bodies.HASH: lambda painter, rest, row: token(groups(rest[0])),
    bodies.IDENTIFIERS: lambda painter, rest, row: painter.say("listed").join(map(token, rest)),
}
