"""What opens a message, and what it says (spec/verify.md §6)."""

from collections import deque
from collections.abc import Iterator

from . import body as bodies
from . import entry as entries
from . import statement
from .faults import Refused
from .log import Log

WITHIN = 4096  # a message repeats none of so many before it


class Messages:
    def __init__(self, forms: object):
        self.forms = forms
        self.signatures = 0
        self.agreeing = 0
        self.unknown = 0
        self.recent: dict[int, deque] = {}

    def take(self, log: Log, opened: object) -> Iterator[str]:
        """Yields the codes of what does not hold of the last entry of a log and what opens it."""
        entry = log.entry
        if entry is None or entry.type != entries.MESSAGE:
            if opened != 0 or not isinstance(opened, int):
                yield "verify.open-misplaced"
            return
        log.counts["messages"] += 1
        recent = self.recent.setdefault(log.number, deque(maxlen=WITHIN))
        if entry.fields[3] in recent:
            yield "verify.repeated"
        recent.append(entry.fields[3])
        if isinstance(opened, int):
            log.counts["closed"] += 1
        elif len(opened) == 1:
            log.counts["withheld"] += 1
        else:
            yield from self._opened(log, *opened)

    def _opened(self, log: Log, seed: bytes, body: bytes, auth: bytes) -> Iterator[str]:
        entry = log.entry
        if not entries.opens(entry, seed, body, auth):
            yield "verify.open-part"
            return
        log.counts["opened"] += 1
        try:
            self.signatures += statement.check(log.view.keys, log.number, entry, seed, auth)
        except Refused:
            yield "verify.officers"
            return
        if self.forms is not False:
            yield from self._body(log, body)

    def _body(self, log: Log, data: bytes) -> Iterator[str]:
        try:
            body = bodies.read(data)
        except Refused:
            yield "verify.body-malformed"
            return
        charter = log.charter
        digest = {number: (version, digest) for number, version, digest in charter.forms}.get(
            body.form
        )
        if digest is None or digest[0] != body.version:
            yield "verify.body-malformed"
            return
        if not statement.form_fits(log.entry.fields[0], body.form):
            yield "verify.act-form"
            return
        agrees = self.forms.agrees(charter, body) if self.forms else None
        if agrees is None:
            self.unknown += 1
        elif agrees:
            self.agreeing += 1
        else:
            yield "verify.rendering-differs"
