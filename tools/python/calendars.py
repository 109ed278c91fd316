"""Compares plural categories and dates of other calendars with packages that others wrote.

Usage: calendars.py [FOLDER]        FOLDER defaults to target/interop

`plurals.txt` is compared with Babel's CLDR rules; `calendars.txt`, a row a day from 1970 to 2199 with the
dates that a reader of Hebrew sees, with persiantools (Solar Hijri), hijridate (Umm al-Qura) and pyluach
(Hebrew). The first and the last must be the same on every day. Umm al-Qura must be the same where captions
give it without reserve, and elsewhere at most two days apart, on as many days as docs/reference/languages.md says.
"""

import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from babel.core import Locale
from hijridate import Gregorian
from hijridate.ummalqura import GREGORIAN_RANGE
from persiantools.jdatetime import JalaliDate
from pyluach.dates import GregorianDate

LANGUAGES = ("en", "ar", "fa", "ru", "fr", "zh", "he")
SOLAR = ["פרוורדין", "אורדיבהשת", "ח׳רדאד", "תיר", "מרדאד", "שהריוור", "מהר", "אבאן", "אד׳ר", "די", "בהמן", "אספנד"]
HIJRI = [
    "מוחרם", "צפר", "רביע אל־אוול", "רביע א־ת׳אני", "ג׳ומאדא אל־אולא", "ג׳ומאדא אל־אח׳רה", "רג׳ב", "שעבאן",
    "רמדאן", "שוואל", "ד׳ו אל־קעדה", "ד׳ו אל־חיג׳ה",
]  # fmt: skip
# pyluach counts from Nisan; Adar is 12, or Adar I with Adar II as 13 in a leap year.
HEBREW = ["ניסן", "אייר", "סיוון", "תמוז", "אב", "אלול", "תשרי", "חשוון", "כסלו", "טבת", "שבט"]

# Captions give the Umm al-Qura date without reserve on these days, first and last included.
CERTAIN = (date(1999, 4, 17), date(2029, 8, 10))
DIFFERING = 14_527


class Refused(Exception):
    """Something differs that is not known to differ, or the other way round."""


def plurals(text: str) -> int:
    """Compares each row `language number category`; returns how many there were."""
    forms = {language: Locale.parse(language).plural_form for language in LANGUAGES}
    rows, seen = 0, set()
    for row in text.splitlines():
        language, number, category = row.split(" ")
        if forms[language](int(number)) != category:
            raise Refused(f"{language} {number}: {category}, and Babel says {forms[language](int(number))}")
        seen.add(language)
        rows += 1
    if seen != set(LANGUAGES) or rows < 20_000:
        raise Refused(f"{rows} rows in {sorted(seen)}")
    return rows


def solar(day: date) -> str:
    found = JalaliDate.to_jalali(day.year, day.month, day.day)
    return f"{found.day} ב{SOLAR[found.month - 1]} {found.year}"


def hijri(day: date) -> str | None:
    first, last = (date(*bound) for bound in GREGORIAN_RANGE)
    if not first <= day <= last:
        return None
    found = Gregorian(day.year, day.month, day.day).to_hijri()
    return f"{found.day} ב{HIJRI[found.month - 1]} {found.year}"


def hebrew(day: date) -> str:
    found = GregorianDate(day.year, day.month, day.day).to_heb()
    leap = (7 * found.year + 1) % 19 < 7
    names = [*HEBREW, "אדר א׳" if leap else "אדר", "אדר ב׳"]
    return f"{found.day} ב{names[found.month - 1]} {found.year}"


CALENDARS: dict[str, Callable[[date], str | None]] = {"solar": solar, "hijri": hijri, "hebrew": hebrew}


def differing(text: str) -> Iterator[tuple[str, date, str, str]]:
    """Yields calendar, day, what stands here and what the package says, where they differ."""
    expected = date(1970, 1, 1).toordinal()
    for row in text.splitlines():
        named, *shown = row.split("\t")
        day = date.fromisoformat(named)
        if day.toordinal() != expected or len(shown) != len(CALENDARS):
            raise Refused(f"a row {row!r} where {date.fromordinal(expected)} should stand")
        expected += 1
        for (calendar, convert), own in zip(CALENDARS.items(), shown):
            other = convert(day)
            if other is not None and other != own:
                yield calendar, day, own, other
    if date.fromordinal(expected) != date(2200, 1, 1):
        raise Refused(f"the last day is {date.fromordinal(expected - 1)}")


def nearly(own: str, other: str) -> bool:
    """Whether two Hijri dates are at most two days apart."""
    (month, day), (next_month, next_day) = sorted(map(_numbered, (own, other)))
    if month == next_month:
        return next_day - day <= 2
    return next_month - month == 1 and next_day <= 2 and day >= 28


def _numbered(shown: str) -> tuple[int, int]:
    day, month, year = re.fullmatch(r"(\d+) ב(.+) (\d+)", shown).groups()
    return 12 * int(year) + HIJRI.index(month), int(day)


def dates(text: str, wanted: int) -> None:
    """Compares every day; refuses a difference that is not one of `wanted` days of Umm al-Qura."""
    found = 0
    for calendar, day, own, other in differing(text):
        if calendar != "hijri" or CERTAIN[0] <= day <= CERTAIN[1] or not nearly(own, other):
            raise Refused(f"{calendar} {day}: {own}, and the package says {other}")
        found += 1
    if found != wanted:
        raise Refused(f"Umm al-Qura differs on {found} days and not on {wanted}")


def main() -> int:
    default = Path(__file__).resolve().parents[2] / "target" / "interop"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    rows = plurals((folder / "plurals.txt").read_text(encoding="utf-8"))
    dates((folder / "calendars.txt").read_text(encoding="utf-8"), DIFFERING)
    print(f"calendars: {rows} plural categories and every day from 1970 to 2199; Umm al-Qura differs on {DIFFERING}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
