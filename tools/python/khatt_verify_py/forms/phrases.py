"""The words of the renderer, read from the tables of spec/form.md §11.

They stand there so that nobody needs another's code to paint a message; this verifier takes them from
there and keeps no copy.
"""

import re
from functools import lru_cache
from pathlib import Path

PAGE = Path(__file__).resolve().parents[4] / "spec/form.md"
LANGUAGES = ("en", "ar", "fa")

# The order in which the page lists the phrases.
PHRASES = (
    "unknown", "not-stated", "none", "at-least", "at-most", "from", "to", "until", "separate", "at-time",
    "in-utc", "local-time", "comma", "semicolon", "utc", "yes", "no", "circle", "polygon", "metres",
    "kilometres", "feet", "surface", "no-limit", "not-translated", "original-in", "question", "answered",
    "answered-in-part", "declined", "stand-by", "not-ours", "term", "fields",
)  # fmt: skip
COUNTS = {
    "Phrases": 34,
    "Months": 12,
    "Weekdays": 7,
    "What": 3,
    "Status": 4,
    "Position": 5,
    "Names": 3,
    "Ladder": 7,
}


@lru_cache(maxsize=None)
def tables() -> dict[str, list[tuple[str, ...]]]:
    """The tables by the first word of their headings; each row has the three languages."""
    text = PAGE.read_text(encoding="utf-8")
    section = text[text.index("\n## 11. ") :]
    found: dict[str, list[tuple[str, ...]]] = {}
    name = ""
    for row in section.splitlines():
        if row.startswith("**"):
            name = re.match(r"\*\*(\w+)", row)[1]
            found[name] = []
        elif row.startswith("| ") and not row.startswith("| en "):
            found[name].append(tuple(_cell(cell) for cell in row.strip("|").split("|")))
    if {name: len(rows) for name, rows in found.items()} != COUNTS:
        raise ValueError("spec/form.md §11 is not as this renderer knows it")
    return found


def _cell(cell: str) -> str:
    quoted = re.fullmatch(r' `"(.*)"` ', cell)
    return quoted[1] if quoted else cell.strip()


@lru_cache(maxsize=None)
def phrase(name: str, language: str) -> str:
    return tables()["Phrases"][PHRASES.index(name)][LANGUAGES.index(language)]


def of(table: str, number: int, language: str) -> str:
    return tables()[table][number][LANGUAGES.index(language)]
