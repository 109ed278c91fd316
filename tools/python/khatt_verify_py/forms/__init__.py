"""What a verifier knows of forms: their files by hash, and whether a body shows as its author said it does.

spec/form.md §3, §4, §7.
"""

import tomllib
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from ..body import Body
from ..charter import Charter
from .fit import Unfit, check
from .paint import NoRendering, worded
from .phrases import LANGUAGES
from .render import digest

FOLDER = Path(__file__).resolve().parents[4] / "forms"
FORM, GLOSSARY, GAZETTEER = b"khatt form v1", b"khatt glossary v1", b"khatt gazetteer v1"


class Forms:
    def __init__(self, folder: Path):
        self.files: dict[bytes, dict] = {}
        for path in sorted(folder.glob("*.toml")):
            data = path.read_bytes()
            label = {"glossary.toml": GLOSSARY, "gazetteer.toml": GAZETTEER}.get(path.name, FORM)
            self.files[sha256(label + b"\0" + data).digest()] = tomllib.loads(data.decode("utf-8"))
        self.agrees = lru_cache(maxsize=65536)(self._agrees)

    @classmethod
    def shipped(cls) -> "Forms":
        return cls(FOLDER)

    def _agrees(self, charter: Charter, body: Body) -> bool | None:
        """Whether the body's digest is that of its rendering; None if form, wordbook or a language is not
        known here."""
        hashes = {number: hashed for number, _, hashed in charter.forms}
        form = self.files.get(hashes[body.form])
        glossary, gazetteer = self.files.get(charter.glossary), self.files.get(charter.gazetteer)
        if not set(charter.languages) <= set(LANGUAGES):
            return None
        if form is None or glossary is None or gazetteer is None:
            return None
        known = {
            (number, version): self.files[hashed]
            for number, version, hashed in charter.forms
            if hashed in self.files
        }
        try:
            wordbook = Wordbook(glossary, gazetteer, known)
            return self.rendering(body, form, wordbook, charter.languages) == body.digest
        except (Unfit, NoRendering):
            return False

    def rendering(self, body: Body, form: dict, wordbook: "Wordbook", languages: tuple) -> bytes:
        """The digest of the rendering; raises Unfit or NoRendering where there is none."""
        check(body, form, wordbook)
        return digest(body, form, wordbook, languages)

    def wordbook_of_all(self) -> "Wordbook":
        """The words of a line that agreed on every file there is."""
        files = self.files.values()
        return Wordbook(
            next(file for file in files if "code" in file),
            next(file for file in files if "place" in file),
            {(file["number"], file["version"]): file for file in files if "number" in file},
        )


class Wordbook:
    """The words that a line agreed on: captions, names of places, and its forms."""

    def __init__(self, glossary: dict, gazetteer: dict, known: dict[tuple[int, int], dict]):
        self.codes = glossary["code"]
        self.places = {place["id"]: place for place in gazetteer["place"]}
        self.known = known

    def caption(self, code: str, language: str) -> str:
        if code not in self.codes:
            raise NoRendering(code)
        return worded(self.codes[code]["caption"], language)

    def place(self, identifier: str, language: str) -> str:
        if identifier not in self.places:
            raise NoRendering(identifier)
        return worded(self.places[identifier]["name"], language)

    def form(self, number: int, version: int) -> dict:
        if (number, version) not in self.known:
            raise NoRendering(f"{number}.{version}")
        return self.known[number, version]


__all__ = ["FOLDER", "Forms", "LANGUAGES", "Wordbook"]
