"""Checks a whole record and says what holds (spec/verify.md)."""

from dataclasses import dataclass, field

from . import charter_rules, cosignature, entry, fork, record_file
from .charter import KINDS, Charter
from .faults import Fault, Refused
from .log import Log, Unsettled
from .messages import Messages

ESTABLISHED, CONSISTENT, REFUSED = "parties-established", "consistent-only", "refused"
NONE = "none"
EXIT = {ESTABLISHED: 0, CONSISTENT: 3, REFUSED: 1, NONE: 2}
# Key orders of a record are not followed yet (spec/verify.md §4): such a record gets no answer at all.
NOT_READ = "local.key-orders"


class NotRead(Exception):
    """The record holds what this verifier cannot judge."""


# What an entry's own log proves of its post, if a checkpoint covers it (§8).
OWN_CODES = {
    "verify.malformed",
    "verify.opening",
    "verify.seen-shrank",
    "verify.thread-unknown",
    "verify.refusal-unknown",
    "verify.receipt-beyond",
    "verify.repeated",
    "verify.officers",
    "verify.body-malformed",
    "verify.rendering-differs",
}


@dataclass
class Report:
    """What was found. `error` says why the file could not be read at all (§2)."""

    answer: str = REFUSED
    faults: list[Fault] = field(default_factory=list)
    error: str | None = None
    charters: list[Charter] = field(default_factory=list)
    logs: list[Log] = field(default_factory=list)
    messages: Messages | None = None

    @property
    def exit(self) -> int:
        return EXIT[self.answer]

    def first_code(self) -> str | None:
        return self.error or (self.faults[0].code if self.faults else None)

    def summary(self) -> dict:
        """The report as `khatt-verify --json` gives it, without its words."""
        if self.error:
            return {"answer": self.answer, "exit": self.exit, "error": {"code": self.error}}
        return {
            "answer": self.answer,
            "exit": self.exit,
            "line": self.charters[0].line.hex(),
            "kind": KINDS[self.charters[0].kind],
            "charter": self.charters[-1].hash.hex(),
            "established": self.answer == ESTABLISHED,
            "posts": [log.summary(self.charters[-1]) for log in self.logs],
            "officer_signatures": self.messages.signatures,
            "renderings_agree": self.messages.agreeing,
            "renderings_unknown": self.messages.unknown,
            "fault_count": len(self.faults),
            "faults": [fault.row() for fault in self.faults],
        }


def verify(data: bytes, anchor: bytes | None = None, forms: object = None) -> Report:
    """Checks a record file.

    `anchor` is a charter's hash, or its first twenty bytes. `forms` says how a body is shown
    (`forms.Forms`); without it the digests of renderings count as unknown. The bodies' form is checked
    in any case, unless `forms` is False: the bodies of some vectors are none.
    """
    reader = _Reader(forms)
    report = reader.report
    try:
        for row in record_file.rows(data):
            reader.take(row)
        if not report.charters:
            raise Refused("verify.no-charter")
    except NotRead:
        report.answer, report.error = NONE, NOT_READ
        return report
    except Refused as fault:
        if not reader.found:
            report.error = fault.code
            return report
        reader.note(fault.code, *reader.last)
    reader.finish()
    if anchor is not None and not any(one.hash.startswith(anchor) for one in report.charters):
        report.error = "verify.other-line"
        return report
    report.faults = reader.judged()
    if not report.faults:
        report.answer = CONSISTENT if anchor is None else ESTABLISHED
    return report


class _Reader:
    """Takes the rows of one file in turn."""

    def __init__(self, forms: object):
        self.report = Report(messages=Messages(forms))
        self.found: list[tuple[str, int | None, int | None]] = []
        self.last: tuple[int, int] = (0, 0)
        self.unsettled: list[Unsettled] = []
        self.shown: set[tuple[int, int]] = (
            set()
        )  # entries whose own `seen` is less than they receipt
        self.about: dict[tuple[int, int], tuple[int, int]] = {}
        self.charter_refused = False

    def note(self, code: str, log: int | None, index: int | None) -> None:
        self.found.append((code, log, index))

    def take(self, row: tuple) -> None:
        kind = row[0]
        if not self.report.charters:
            if kind != record_file.CHARTER:
                raise Refused("verify.no-charter")
            try:
                charter = charter_rules.load(row[1])
            except Refused:
                raise Refused("verify.charter") from None
            if charter.replaces:
                raise Refused("verify.charter")
            self.report.charters.append(charter)
            self.report.logs = [Log(charter, n) for n in range(len(charter.posts))]
        elif kind == record_file.CHARTER:
            self._charter(row[1])
        elif kind == record_file.ENTRY:
            self._entry(*row[1:])
        elif kind == record_file.CHECKPOINT:
            self._checkpoint(*row[1:])
        elif kind == record_file.COSIGNATURE:
            self._cosignature(*row[1:])
        elif kind == record_file.FORK:
            self._fork(row[1])
        elif kind == record_file.TRAILER and len(row[1]) != len(self.report.logs):
            raise Refused("record-file.trailer-differs")

    def _charter(self, data: bytes) -> None:
        try:
            charter = charter_rules.load(data)
        except Refused:
            self.charter_refused = True
            return self.note("verify.charter-refused", 0, 0)
        try:
            charter_rules.check_succession(self.report.charters[-1], charter)
        except Refused:
            self.charter_refused = True
            return self.note("verify.charter-succession", 0, 0)
        self.report.charters.append(charter)
        for post in range(len(self.report.logs), len(charter.posts)):
            self.report.logs.append(Log(charter, post))

    def _entry(self, number: int, leaf: bytes, opened: object) -> None:
        logs = self.report.logs
        if number >= len(logs):
            return self.note("verify.no-such-post", number, 0)
        log = logs[number]
        index = len(log.tree)
        self.last = (number, index)
        for code in log.take(leaf, logs, self.report.charters, self.unsettled):
            self.note(code, number, index)
            if code == "verify.receipt-beyond":
                self.shown.add((number, index))
        if log.entry is not None and log.entry.type == entry.KEYS:
            raise NotRead
        if log.entry is not None:
            for code in self.report.messages.take(log, opened):
                self.note(code, number, index)

    def _checkpoint(self, number: int, size: int, signature: bytes, root: bytes | None) -> None:
        if number >= len(self.report.logs):
            return self.note("verify.no-such-post", number, size)
        code = self.report.logs[number].checkpoint(size, signature, root)
        if code:
            self.note(code, number, size)

    def _cosignature(
        self, post: int, generation: int, number: int, size: int, time: int, signature: bytes
    ) -> None:
        if number >= len(self.report.logs):
            return self.note("verify.cosignature", number, size)
        log = self.report.logs[number]
        root = log.root_at(size)
        if size < 1 or root is None:
            return self.note("verify.cosignature-beyond", number, size)
        try:
            cosignature.check(
                log.charter, post, generation, number, size, time, signature, root
            )
        except Refused:
            return self.note("verify.cosignature", number, size)
        log.counts["cosignatures"] += 1
        log.counts["cosigned"] = max(log.counts["cosigned"], size)

    def _fork(self, proof: bytes) -> None:
        try:
            named = fork.read(proof)[1]
        except Refused:
            return self.note("verify.fork-proof-malformed", 0, 0)
        try:
            post = fork.accused(self.report.charters[-1], proof)
        except Refused:
            return self.note("verify.fork-proof", named, 0)
        self.note("verify.forked", post, 0)

    def finish(self) -> None:
        """What can be said only once all rows were read."""
        for one in self.unsettled:
            root = self.report.logs[one.about].root_at(one.size)
            if root is None:
                self.note("verify.receipt-beyond", one.log, one.index)
            elif root != one.root:
                self.about[one.log, one.index] = (one.about, one.size)
                self.note("verify.receipt-root", one.log, one.index)
        for log in self.report.logs:
            if log.signed < len(log.tree):
                self.note("verify.tail-unsigned", log.number, log.signed)

    def judged(self) -> list[Fault]:
        in_order = sorted(set(self.found), key=lambda one: (*one[1:], one[0]))
        return [Fault(*one, blame=self._blame(*one)) for one in in_order]

    def _blame(self, code: str, log: int, index: int) -> int | None:
        """The post, if its own signatures prove the fault; None for whoever made or carried the file."""
        logs = self.report.logs
        if code == "verify.forked":
            return log
        if log >= len(logs):
            return None
        if code == "verify.checkpoint-other-root":
            return log if index <= logs[log].signed else None
        sure = not self.charter_refused and index < logs[log].signed
        if logs[log].amend_unknown is not None and index > logs[log].amend_unknown:
            sure = False
        if code == "verify.officers":
            # By which keys: orders may have been altered, left out or moved.
            if any(one.signed < len(one.tree) for one in logs):
                sure = False
            if logs[log].seen_beyond is not None and index >= logs[log].seen_beyond:
                sure = False
        if code == "verify.receipt-root":
            about, size = self.about[log, index]
            return log if sure and size <= logs[about].signed else None
        if code == "verify.receipt-beyond" and (log, index) not in self.shown:
            return None
        return log if sure and code in OWN_CODES else None
