"""What a name on a charter may look like (spec/charter.md §3)."""

import unicodedata

from .faults import Refused

LONGEST = 128

# Signs of Unicode without a look of their own.
HIDDEN = (
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x180E, 0x180E),
    (0x200B, 0x200F),
    (0x2028, 0x202E),
    (0x2060, 0x206F),
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE007F),
)

# White space of Unicode (PropList.txt, White_Space), but for U+0020 and what is a control character.
SPACES = frozenset([0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000])


def check(name: str) -> str:
    if not name or name != name.strip(" ") or "  " in name or any(map(_bad, name)):
        raise Refused("charter.unusable-name")
    return name


def _bad(sign: str) -> bool:
    point = ord(sign)
    return (
        unicodedata.category(sign) == "Cc"
        or point in SPACES
        or any(first <= point <= last for first, last in HIDDEN)
    )


def check_distinct(names: list[str]) -> None:
    if len({name.lower() for name in names}) != len(names):
        raise Refused("charter.name-twice")
