"""Usage: python -m khatt_verify_py FILE [--charter FILE|WORDS]

FILE is a record file or a disclosure. Answers with one JSON object, whose keys are those of
docs/reference/verify.md, and the exit code of spec/verify.md §9.
"""

import json
import sys
from pathlib import Path

from . import charter_rules, disclosure, words
from .charter import Charter
from .faults import Refused, Unusable
from .forms import Forms
from .record import verify

UNUSABLE = 2


def read_anchor(given: str) -> Charter | bytes:
    """A charter, or the first twenty bytes of the hash of one from its words (in a file or typed)."""
    path = Path(given)
    try:
        data = path.read_bytes() if len(given) < 4096 and path.is_file() else given.encode()
    except OSError as fault:
        raise Unusable(str(fault)) from None
    try:
        return charter_rules.load(data)
    except Refused:
        pass
    try:
        return words.read(data.decode("utf-8"))
    except (Refused, UnicodeDecodeError):
        raise Unusable("neither a charter nor check words") from None


def main(arguments: list[str]) -> int:
    try:
        if len(arguments) not in (1, 3) or (len(arguments) == 3 and arguments[1] != "--charter"):
            raise Unusable(__doc__)
        anchor = read_anchor(arguments[2]) if len(arguments) == 3 else None
        try:
            data = Path(arguments[0]).read_bytes()
        except OSError as fault:
            raise Unusable(str(fault)) from None
    except Unusable as fault:
        print(fault, file=sys.stderr)
        return UNUSABLE
    if data.startswith(disclosure.BEGINS):
        report = disclosure.verify(data, anchor, Forms.shipped())
    else:
        anchor = anchor.hash if isinstance(anchor, Charter) else anchor
        report = verify(data, anchor, Forms.shipped())
    print(json.dumps(report.summary(), ensure_ascii=False))
    return report.exit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
