"""A form's headline: the part of Fluent syntax that spec/form.md §5 allows, read and evaluated."""

import re
from collections.abc import Callable
from functools import lru_cache

DEPTH = 6
FIELD, MESSAGE, TEXT, CHOICE = "field", "message", "text", "choice"


class Unreadable(Exception):
    """The wording is not in the allowed part of the syntax."""


@lru_cache(maxsize=None)
def messages(source: str) -> dict[str, list]:
    """The messages of a source: each a list of parts."""
    found = {}
    reader = _Reader(source)
    while reader.skip_to_message():
        name, parts = reader.message()
        if name in found:
            raise Unreadable(f"{name} is there twice")
        found[name] = parts
    if "headline" not in found:
        raise Unreadable("no headline")
    return found


def evaluate(source: str, cases: Callable[[str], list[str]], painted: Callable[[str], str]) -> str:
    """The headline. `cases` gives the arms that fit a field, best first; `painted` what shows a field."""
    known = messages(source)

    def joined(parts: list, depth: int) -> str:
        return "".join(one(part, depth) for part in parts)

    def one(part: tuple, depth: int) -> str:
        kind, value = part[0], part[1]
        if kind == TEXT:
            return value
        if kind == FIELD:
            return painted(value)
        if kind == MESSAGE:
            if depth == DEPTH or value not in known:
                raise Unreadable(value)
            return joined(known[value], depth + 1)
        for arm in cases(value):
            if arm in part[2]:
                return joined(part[2][arm], depth)
        raise Unreadable(f"{value} has no arm for {cases(value)}")

    return joined(known["headline"], 0)


class _Reader:
    def __init__(self, source: str):
        self.text, self.at = source, 0

    def skip_to_message(self) -> bool:
        while self.at < len(self.text) and self.text[self.at] == "\n":
            self.at += 1
        return self.at < len(self.text)

    def message(self) -> tuple[str, list]:
        name = self._take(r"([a-zA-Z][\w-]*) *= *")[1]
        return name, self._pattern(r"\n(?=\S|\n|\Z)(?!\})|\Z")

    def _pattern(self, end: str) -> list:
        """Text and placeables up to what `end` matches. Line breaks in text are one space."""
        parts: list[tuple] = []
        stop = re.compile(end)
        while not stop.match(self.text, self.at):
            if self.text[self.at] == "{":
                parts.append(self._placeable())
                continue
            found = self._take(r"[^{}\n]+|\n *")[0]
            parts.append((TEXT, " " if found.startswith("\n") else found))
        return _trimmed(parts)

    def _placeable(self) -> tuple:
        self._take(r"\{\s*")
        if literal := self._try(r'"([^"\\\n]*)"\s*\}'):
            return TEXT, literal[1], "kept"
        if field := self._try(r"\$([a-zA-Z][\w-]*)\s*\}"):
            return FIELD, field[1]
        if choice := self._try(r"\$([a-zA-Z][\w-]*)\s*->\s*"):
            return CHOICE, choice[1], self._arms()
        return MESSAGE, self._take(r"([a-zA-Z][\w-]*)\s*\}")[1]

    def _arms(self) -> dict[str, list]:
        arms = {}
        while not self._try(r"\s*\}"):
            name = self._take(r"\s*\*?\[\s*([\w-]+)\s*\] *")[1]
            if name in arms:
                raise Unreadable(f"arm {name} is there twice")
            arms[name] = self._pattern(r"\s*\n\s*(\*?\[|\})")
        return arms

    def _try(self, pattern: str) -> re.Match | None:
        found = re.compile(pattern).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def _take(self, pattern: str) -> re.Match:
        found = self._try(pattern)
        if not found:
            raise Unreadable(f"at {self.at}: {self.text[self.at : self.at + 20]!r}")
        return found


def _trimmed(parts: list[tuple]) -> list[tuple]:
    """Without the spaces at both ends, unless a literal put them there."""
    if parts and parts[0][0] == TEXT and len(parts[0]) == 2:
        parts[0] = (TEXT, parts[0][1].lstrip(" "))
    if parts and parts[-1][0] == TEXT and len(parts[-1]) == 2:
        parts[-1] = (TEXT, parts[-1][1].rstrip(" "))
    return parts
