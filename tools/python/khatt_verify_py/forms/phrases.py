"""The words of the renderer, read from the tables of spec/form.md §11.

They stand there so that nobody needs another's code to paint a message; this verifier takes them from
there and keeps no copy.
"""

import re
from functools import lru_cache
from pathlib import Path

PAGE = Path(__file__).resolve().parents[4] / "spec/form.md"
LANGUAGES = ("en", "ar", "fa", "ru", "fr", "zh", "he")

COUNTS = {
    "Phrases": 11,
    "Patterns": 28,
    "Months": 12,
    "Weekdays": 7,
    "Data": 3,
    "Status": 4,
    "Position": 5,
    "Names": 7,
    "Ladder": 7,
}


@lru_cache(maxsize=None)
def tables() -> dict[str, dict[str, tuple[str, ...]]]:
    """The tables by the first word of their headings; each row, by its name, has every language."""
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index("\n## 11. ") :]
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    name = ""
    for row in section.splitlines():
        if row.startswith("**"):
            name = re.match(r"\*\*(\w+)", row)[1]
            found[name] = {}
        elif row.startswith("| ") and not row.startswith("| | en |"):
            first, *cells = row.strip("|").split("|")
            if len(cells) != len(LANGUAGES):
                raise ValueError("spec/form.md §11 has other languages than this renderer")
            found[name][first.strip()] = tuple(_cell(cell) for cell in cells)
    if {name: len(rows) for name, rows in found.items()} != COUNTS:
        raise ValueError("spec/form.md §11 is not as this renderer knows it")
    return found


def _cell(cell: str) -> str:
    quoted = re.fullmatch(r' `"(.*)"` ', cell)
    return quoted[1] if quoted else cell.strip()


@lru_cache(maxsize=None)
def phrase(name: str, language: str) -> str:
    return tables()["Phrases"][name][LANGUAGES.index(language)]


def of(table: str, number: int, language: str) -> str:
    return tables()[table][str(number)][LANGUAGES.index(language)]


@lru_cache(maxsize=None)
def _runs(name: str, language: str) -> tuple[str, ...]:
    return tuple(re.split(r"(\{[a-z]\}|/)", tables()["Patterns"][name][LANGUAGES.index(language)]))


def fill(name: str, language: str, row: str = "", **slots: str) -> str:
    """A pattern with its slots filled; `row` begins a new row."""

    def run(text: str) -> str:
        if text == "/":
            return row
        return slots[text[1]] if text.startswith("{") else text

    return "".join(map(run, _runs(name, language)))
