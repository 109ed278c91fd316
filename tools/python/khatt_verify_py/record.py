"""Checks a whole record and says what holds (spec/verify.md)."""

from dataclasses import dataclass, field

from . import charter_rules, cosignature, fork, record_file
from .charter import KINDS, Charter
from .faults import Fault, Refused
from .log import Log, Orders, Unsettled
from .messages import Messages

ESTABLISHED, CONSISTENT, REFUSED = "parties-established", "consistent-only", "refused"
EXIT = {ESTABLISHED: 0, CONSISTENT: 3, REFUSED: 1}

# What proves a fault of these codes, where nothing else is said (§8).
GIVEN, CONTRADICTED, OWN, OWN_AND_KEYS, AND, PARTY = range(6)
PROOFS = {
    "verify.forked": (GIVEN,),
    "verify.checkpoint-other-root": (CONTRADICTED,),
    "verify.malformed": (OWN,),
    "verify.opening": (OWN,),
    "verify.seen-shrank": (OWN,),
    "verify.thread-unknown": (OWN,),
    "verify.refusal-unknown": (OWN,),
    "verify.refusal-late": (OWN,),
    "verify.receipt-refused": (OWN,),
    "verify.act-form": (OWN,),
    "verify.repeated": (OWN,),
    "verify.body-malformed": (OWN,),
    "verify.rendering-differs": (OWN,),
    "verify.officers": (OWN_AND_KEYS,),
    "verify.key-order": (OWN_AND_KEYS,),
    "verify.generation-ended": (OWN_AND_KEYS,),
    "verify.cut-off": (OWN_AND_KEYS,),
    "verify.amend-refused": (OWN_AND_KEYS,),
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
        self.found: set[tuple] = set()  # code, log, number, and what proves it
        self.orders: Orders | None = None
        self.last: tuple[int, int] = (0, 0)
        self.unsettled: list[Unsettled] = []
        self.charter_refused = False

    def note(self, code: str, log: int, index: int, proof: tuple | None = None) -> None:
        self.found.add((code, log, index, proof or PROOFS.get(code)))

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
            self.orders = Orders(charter)
            self.report.logs = [Log(self.orders.all, n) for n in range(len(charter.posts))]
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
            self.orders.all.amend(charter, now=False)
        except Refused:
            self.charter_refused = True
            return self.note("verify.charter-succession", 0, 0)
        self.report.charters.append(charter)
        for post in range(len(self.report.logs), len(charter.posts)):
            self.report.logs.append(Log(self.orders.all, post, added=True))

    def _entry(self, number: int, leaf: bytes, opened: object) -> None:
        logs = self.report.logs
        if number >= len(logs):
            return self.note("verify.no-such-post", number, 0)
        log = logs[number]
        index = len(log.tree)
        self.last = (number, index)
        for code in log.take(leaf, logs, self.report.charters, self.orders, self.unsettled):
            shown = (OWN,) if code == "verify.receipt-beyond" else None
            self.note(code, number, index, shown)
        if log.entry is not None:
            for code in self.report.messages.take(log, opened):
                self.note(code, number, index)

    def _checkpoint(self, number: int, size: int, signature: bytes, root: bytes | None) -> None:
        if number >= len(self.report.logs):
            return self.note("verify.no-such-post", number, size)
        code = self.report.logs[number].checkpoint(size, signature, root)
        if code == "verify.checkpoint-ended":
            self.note(code, number, size, (GIVEN if root is None else CONTRADICTED,))
        elif code:
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
            origin = log.generations.origin(log.generations.at(size))
            keys = self.orders.all
            cosignature.check(keys, post, generation, origin, size, time, signature, root)
        except Refused:
            return self.note("verify.cosignature", number, size)
        log.counts["cosignatures"] += 1
        log.counts["cosigned"] = max(log.counts["cosigned"], size)

    def _fork(self, proof: bytes) -> None:
        orders = fork.of_orders(proof)
        if orders is not None:
            try:
                party = self.orders.all.forked_by(*orders)
            except Refused:
                return self.note("verify.key-order-fork-proof", 0, 0)
            return self.note("verify.key-order-fork", 0, 0, (PARTY, party))
        try:
            named = fork.read(proof)[1]
        except Refused:
            return self.note("verify.fork-proof-malformed", 0, 0)
        try:
            post = fork.accused(self.orders.all, proof)
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
                self.note("verify.receipt-root", one.log, one.index, (AND, one.about, one.size))
        for log in self.report.logs:
            if log.signed < len(log.tree):
                self.note("verify.tail-unsigned", log.number, log.signed)
        for (party, _), (log, index) in (self.orders.forks if self.orders else {}).items():
            self.note("verify.key-order-fork", log, index, (PARTY, party))

    def judged(self) -> list[Fault]:
        faults = {Fault(*one[:3], blame=self._blame(*one)) for one in self.found}
        named = {(one.code, one.log, one.index) for one in faults if one.blame is not None}
        told = [
            one
            for one in faults
            if one.blame is not None or (one.code, one.log, one.index) not in named
        ]
        return sorted(told, key=lambda one: (one.log, one.index, one.code, str(one.blame)))

    def _blame(self, code: str, log: int, index: int, proof: tuple | None) -> tuple | None:
        """Whose signatures prove the fault; None for whoever made or carried the file (§8)."""
        logs = self.report.logs
        what, *about = proof or (None,)
        if what == PARTY:
            return ("party", about[0])
        if what is None or log >= len(logs):
            return None
        if what == GIVEN:
            proven = True
        elif what == CONTRADICTED:
            proven = index <= logs[log].signed
        else:
            proven = index < logs[log].signed and self._charters_known(logs[log], index)
            if what == OWN_AND_KEYS:
                proven = proven and self._keys_known(logs[log], index)
            elif what == AND:
                proven = proven and about[1] <= logs[about[0]].signed
        return ("post", log) if proven else None

    def _charters_known(self, log: Log, index: int) -> bool:
        """Whether the file has the charters that an entry's author went by."""
        unknown = log.amend_unknown
        return not self.charter_refused and (unknown is None or index <= unknown)

    def _keys_known(self, log: Log, index: int) -> bool:
        """Whether the file has the key orders that an entry's author went by, as they were signed."""
        if any(one.signed < len(one.tree) for one in self.report.logs):
            return False
        if log.seen_beyond is not None and index >= log.seen_beyond:
            return False
        return not (log.added and self.orders.placed)
