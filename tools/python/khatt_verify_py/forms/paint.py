"""Values as they are shown in one language (spec/form.md §7.2)."""

from datetime import datetime, timedelta, timezone

from .. import body as bodies
from .phrases import of, phrase

LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
ROW = "\n  "
DIGITS = {"en": "0123456789", "ar": "٠١٢٣٤٥٦٧٨٩", "fa": "۰۱۲۳۴۵۶۷۸۹"}
DIRECTION = {"en": LRI, "ar": RLI, "fa": RLI}


class NoRendering(Exception):
    """A code without a caption, a place that is not in the gazetteer, or a form that is not known."""


def token(text: str, mark: str = LRI) -> str:
    return mark + text + PDI


def digits(text: str, language: str) -> str:
    return "".join(DIGITS[language][int(one)] if one in DIGITS["en"] else one for one in text)


def number(value: int, language: str) -> str:
    shown = token(digits(str(value), language))
    return shown if language == "en" else f"{shown} {token(f'[{value}]')}"


class Painter:
    """Paints values of one message in one language, with the words of one line."""

    def __init__(self, language: str, wordbook: object, original: str):
        self.language = language
        self.wordbook = wordbook
        self.original = original

    def say(self, name: str) -> str:
        return phrase(name, self.language)

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
        shown = [number(one, self.language) for one in numbers]
        if kind == 0:
            return f"{self.say('none')} ({number(0, self.language)})"
        if kind == 1:
            return shown[0]
        if kind == 2:
            return f"{self.say('from')} {shown[0]} {self.say('to')} {shown[1]}"
        if kind in (3, 4):
            return f"{self.say('at-least' if kind == 3 else 'at-most')} {shown[0]}"
        return self.unknown()

    def claims(self, items: tuple, row: str) -> str:
        if len(items) == 1 and items[0][0] == 0 and items[0][1] == 5:
            return self.unknown()
        shown = [f"{self.count(one[1:])} ({of('Status', one[0], self.language)})" for one in items]
        if len(shown) == 1:
            return shown[0]
        return row.join([self.say("separate"), *shown])

    def instant(self, items: tuple, row: str = "") -> str:
        zone = items[1] if len(items) > 1 else None
        offset = items[2] if zone else 0
        at = datetime.fromtimestamp(items[0], timezone.utc)
        local = at + timedelta(minutes=offset)
        clock = local.strftime("%H:%M:%S" if local.second else "%H:%M")
        stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ" if at.second else "%Y-%m-%dT%H:%MZ")
        shown = self.say("at-time") + token(digits(clock, self.language)) + " "
        if zone:
            sign = "-" if offset < 0 else "+"
            hours, minutes = divmod(abs(offset), 60)
            shown += (
                f"{self.say('local-time')} ({token(f'{zone} UTC{sign}{hours:02}:{minutes:02}')})"
            )
        else:
            shown += self.say("in-utc")
        day, year = (token(digits(str(one), self.language)) for one in (local.day, local.year))
        weekday, month = (
            of("Weekdays", local.weekday(), self.language),
            of("Months", local.month - 1, self.language),
        )
        shown += f"{self.say('comma')}{weekday} {day} {month} {year}{self.say('semicolon')}"
        return shown + (f"{self.say('utc')} " if zone else "") + token(stamp)

    def window(self, items: tuple, row: str) -> str:
        first, second = map(self.instant, items)
        return f"{self.say('from')} {first}{row}{self.say('until')} {second}"

    def distance(self, metres: int) -> str:
        if metres % 1000 == 0:
            return f"{number(metres // 1000, self.language)} {self.say('kilometres')}"
        return f"{number(metres, self.language)} {self.say('metres')}"

    def circle(self, items: tuple, row: str) -> str:
        return (
            f"{self.say('circle')} {self.distance(items[2])}{self.say('comma')}{point(items[:2])}"
        )

    def polygon(self, items: tuple, row: str) -> str:
        corners = [point(items[at : at + 2]) for at in range(0, len(items), 2)]
        return f"{self.say('polygon')}: {self.say('semicolon').join(corners)}"

    def heights(self, items: tuple, row: str) -> str:
        lower, upper = map(self.height, items)
        return f"{self.say('from')} {lower} {self.say('to')} {upper}"

    def height(self, value: tuple) -> str:
        kind = value[0]
        if kind == 0:
            return self.say("surface")
        if kind == 8:
            return self.say("no-limit")
        if kind == 7:
            return token(f"FL{value[1]:03}")
        unit = self.say("metres" if kind < 4 else "feet")
        return (
            f"{number(value[1], self.language)} {unit} {of('What', (kind - 1) % 3, self.language)}"
        )

    def place(self, items: tuple, row: str) -> str:
        return f"{token(self.wordbook.place(items[0], self.language), FSI)} ({point(items[1:])})"

    def code(self, code: str) -> str:
        return token(self.wordbook.caption(code, self.language), FSI)

    def codes(self, items: tuple, row: str) -> str:
        return self.say("comma").join(map(self.code, items))

    def yes_no(self, items: tuple, row: str) -> str:
        return self.unknown() if items[0] == 2 else self.say(("yes", "no")[items[0]])

    def text(self, items: tuple, row: str = "") -> str:
        language, content = items
        shown = token(content, DIRECTION[language])
        if language == self.language:
            return shown
        name = of("Names", bodies.LANGUAGES.index(language), self.language)
        comma = self.say("comma")
        return f"[{self.say('original-in')} {name}{comma}{self.say('not-translated')}] {shown}"

    def numbered(self, word: str, value: int, shown: str) -> str:
        return f"{self.say(word)} {number(value, self.language)}: {shown}"

    def questions(self, items: tuple, row: str) -> str:
        return row.join(self.numbered("question", one[0], self.text(one[1:])) for one in items)

    def answers(self, items: tuple, row: str) -> str:
        return row.join(
            self.numbered("question", one[0], self.answer(one[1], one[2:])) for one in items
        )

    def answer(self, kind: int, rest: tuple) -> str:
        if kind < 2:
            return f"{self.say(('answered', 'answered-in-part')[kind])}: {self.text(rest)}"
        if kind == 2:
            return f"{self.say('declined')}: {self.code(rest[0])}"
        if kind == 3:
            return f"{self.say('stand-by')} {self.instant(rest)}"
        return self.say("not-ours")

    def terms(self, items: tuple, row: str) -> str:
        return row.join(self.numbered("term", one[0], self.term(one[1], one[2:])) for one in items)

    def term(self, position: int, rest: tuple) -> str:
        shown = of("Position", position, self.language)
        return f"{shown}: {self.text(rest)}" if rest else shown

    def repeated(self, items: tuple, row: str) -> str:
        form = self.wordbook.form(items[0], items[1])
        shown = [f"{self.say('fields')} {token(form['title'][self.language], FSI)}"]
        values = dict(zip(items[2::2], items[3::2]))
        for field in form["field"]:
            if field["number"] in values:
                label = token(field["label"][self.language], FSI)
                shown.append(f"{label}: {self.value(values[field['number']], row)}")
        return row.join(shown)

    def listed(self, at: int, shown: str) -> str:
        return f"{number(at, self.language)}: {shown}"

    def route(self, items: tuple, row: str) -> str:
        def one(items: tuple) -> str:
            when = f"{self.say('comma')}{self.instant(items[2:])}" if len(items) > 2 else ""
            return point(items[:2]) + when

        return row.join(self.listed(at, one(items)) for at, items in enumerate(items, 1))

    def instants(self, items: tuple, row: str) -> str:
        return row.join(self.listed(at, self.instant(one)) for at, one in enumerate(items, 1))

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
    bodies.IDENTIFIERS: lambda painter, rest, row: painter.say("comma").join(map(token, rest)),
}
