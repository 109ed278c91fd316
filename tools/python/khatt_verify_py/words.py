"""A hash as twenty plain nouns (spec/words.md)."""

import re
from functools import lru_cache
from pathlib import Path

from .faults import Refused

LISTS = Path(__file__).resolve().parents[3] / "crates/khatt-record/src/words"
LANGUAGES = ("en", "ar", "fa")
COUNT = 20
SEPARATORS = re.compile(r"[\s,.;/\-\u060c\u061b\u06d4]+")

# Letters that are one letter to the ear or the hand.
SAME = str.maketrans(
    {
        "\u0623": "\u0627",  # hamza above alif
        "\u0625": "\u0627",  # hamza below alif
        "\u0622": "\u0627",  # alif with madda
        "\u0671": "\u0627",  # alif with wasla
        "\u0624": "\u0648",  # hamza on waw
        "\u0626": "\u064a",  # hamza on yeh
        "\u0649": "\u064a",  # alif maksura
        "\u06cc": "\u064a",  # Persian yeh
        "\u06a9": "\u0643",  # Persian kaf
        "\u0629": "\u0647",  # teh marbuta
        "\u0621": None,  # a lone hamza
        "\u0640": None,  # tatweel
        "\u0670": None,  # small alif above
        **{chr(point): None for point in range(0x064B, 0x0660)},  # vowel signs
        **{chr(point): None for point in range(0x200B, 0x2010)},  # joiners, direction marks
        **{chr(point): None for point in range(0x202A, 0x202F)},
        **{chr(point): None for point in range(0x2060, 0x206A)},
        "\u061c": None,
        "\ufeff": None,
    }
)


@lru_cache(maxsize=None)
def table(language: str) -> tuple[str, ...]:
    rows = (LISTS / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    if len(rows) != 256:
        raise ValueError(f"{language}: a list has 256 words")
    return tuple(rows)


@lru_cache(maxsize=None)
def _numbers(language: str) -> dict[str, int]:
    return {fold(word): number for number, word in enumerate(table(language))}


def fold(word: str) -> str:
    return word.lower().translate(SAME)


def of(digest: bytes, language: str) -> list[str]:
    return [table(language)[byte] for byte in digest[:COUNT]]


def read(text: str) -> bytes:
    """The first twenty bytes of the hash that these words say."""
    words = [folded for folded in map(fold, SEPARATORS.split(text)) if folded]
    if len(words) != COUNT:
        raise Refused("words.other-count")
    known = [language for language in LANGUAGES if all(w in _numbers(language) for w in words)]
    if not known:
        for word in words:
            if not any(word in _numbers(language) for language in LANGUAGES):
                raise Refused("words.unknown-word")
        raise Refused("words.mixed")
    return bytes(_numbers(known[0])[word] for word in words)
