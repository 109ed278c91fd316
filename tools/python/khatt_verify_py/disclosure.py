"""One entry shown to somebody outside the line: a C2SP tlog-proof (spec/disclosure.md)."""

from dataclasses import dataclass

from . import body as bodies
from . import charter_rules, checkpoint, entry, key_order, merkle, statement
from .cbor import U32, array, ascending, blob, blob_within, text, uint, whole
from .charter import KINDS, Charter
from .faults import Refused
from .in_force import TAKEN, InForce
from .key_order import GENERATION, Order

BEGINS = b"c2sp.org/tlog-proof@"
FIRST_ROW = "c2sp.org/tlog-proof@v1"
MOST_BYTES = 2_097_152
MOST_POSTS = 16
MOST_CHARTER = 524_288
MOST_HASHES = 64
MOST_ORDERS = 32
ESTABLISHED, CONSISTENT, REFUSED = "parties-established", "consistent-only", "refused"
EXIT = {ESTABLISHED: 0, CONSISTENT: 3, REFUSED: 1}
PRECEDENCES = ("flash", "immediate", "priority", "routine")

Key = tuple[int, bytes]


@dataclass(frozen=True)
class Receipt:
    post: int
    key: Key
    leaf: bytes
    index: int
    size: int
    signature: bytes
    hashes: list[bytes]


@dataclass(frozen=True)
class Disclosure:
    line: bytes
    kind: int
    posts: int
    log: int
    index: int
    key: Key
    leaf: bytes
    salt: bytes
    body: bytes
    officers: tuple[bytes, bytes, bytes] | None  # auth salt, draft id, signatures
    receipts: list[Receipt]
    charter: bytes | None
    orders: list[Order]
    hashes: list[bytes]
    note: bytes


# --- The file (§2) -------------------------------------------------------------------------------


def read(data: bytes) -> Disclosure:
    """Reads a file; judges form."""
    if len(data) > MOST_BYTES:
        raise Refused("disclosure.too-large")
    try:
        return _read(data)
    except Refused as fault:
        # The only codes of its own are those of `extra`.
        own = fault.code.startswith("disclosure.")
        raise fault if own else Refused("disclosure.malformed") from None


def _read(data: bytes) -> Disclosure:
    malformed = Refused("disclosure.malformed")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        raise malformed from None
    head, separator, note = data.partition(b"\n\n")
    rows = head.split(b"\n")
    if not separator or len(rows) < 3 or rows[0] != FIRST_ROW.encode():
        raise malformed
    if not rows[1].startswith(b"extra ") or not rows[2].startswith(b"index "):
        raise malformed
    extra = checkpoint.read_base64(rows[1].removeprefix(b"extra "))
    index = _decimal(rows[2].removeprefix(b"index "))
    hashes = [blob(checkpoint.read_base64(row), 32) for row in rows[3:]]
    if len(hashes) > MOST_HASHES:
        raise malformed
    try:
        return _extra(extra, index, hashes, note)
    except Refused:
        raise Refused("disclosure.extra") from None


def _decimal(digits: bytes) -> int:
    if not digits.isdigit() or (digits[:1] == b"0" and len(digits) > 1):
        raise Refused("disclosure.malformed")
    return uint(int(digits[:21]))


def _extra(data: bytes, index: int, hashes: list[bytes], note: bytes) -> Disclosure:
    items = array(whole(data), 12)
    label, version, line, kind, posts, log, key, leaf, opened, receipts, charter, orders = items
    if text(label, 16) != "khatt disclosure":
        raise Refused("decode.contradiction")
    uint(version, 1, 1)
    posts = uint(posts, MOST_POSTS)
    salt, body, *officers = array(opened, 2, 5)
    if officers:
        auth_salt, draft, signatures = array(tuple(officers), 3)
        officers = blob(auth_salt, 16), blob(draft, 16), blob_within(signatures, entry.MOST_AUTH)
    if charter == 0 and isinstance(charter, int):
        charter = None
    else:
        blob_within(charter, MOST_CHARTER)
    receipts = [_receipt(one, posts) for one in array(receipts, 0, MOST_POSTS)]
    ascending([one.post for one in receipts])
    orders = [key_order.read(_bytes(one)) for one in array(orders, 0, MOST_ORDERS)]
    ascending([(one.party, one.number) for one in orders])
    return Disclosure(
        line=blob(line, 32),
        kind=uint(kind, max(KINDS), min(KINDS)),
        posts=posts,
        log=uint(log, posts - 1),
        index=index,
        key=_key(key),
        leaf=blob_within(leaf, entry.MOST_BYTES),
        salt=blob(salt, 16),
        body=blob_within(body, entry.MOST_BODY),
        officers=officers or None,
        receipts=receipts,
        charter=charter,
        orders=orders,
        hashes=hashes,
        note=note,
    )


def _bytes(value: object) -> bytes:
    return blob_within(value, key_order.MOST_BYTES)


def _key(value: object) -> Key:
    generation, key = array(value, 2)
    return uint(generation, U32), blob(key, 32)


def _receipt(value: object, posts: int) -> Receipt:
    post, key, leaf, index, size, signature, hashes = array(value, 7)
    return Receipt(
        uint(post, posts - 1),
        _key(key),
        blob_within(leaf, entry.MOST_BYTES),
        uint(index),
        uint(size),
        blob(signature, 64),
        [blob(one, 32) for one in array(hashes, 0, MOST_HASHES)],
    )


# --- The checks (§3) -----------------------------------------------------------------------------


@dataclass
class Report:
    """What was found; `code` says why it is refused."""

    answer: str = REFUSED
    code: str | None = None
    found: "Checker | None" = None

    @property
    def exit(self) -> int:
        return EXIT[self.answer]

    def summary(self) -> dict:
        """The report as `khatt-verify --json` gives it, without its words."""
        if self.code:
            return {"answer": self.answer, "exit": self.exit, "error": {"code": self.code}}
        return {"answer": self.answer, "exit": self.exit, **self.found.summary()}


def verify(data: bytes, anchor: Charter | bytes | None = None, forms: object = None) -> Report:
    """Checks a disclosure.

    `anchor` is a charter, or the twenty bytes of check words. `forms` as in `record.verify`.
    """
    try:
        found = Checker(read(data))
        answer = found.check(anchor, forms)
    except Refused as fault:
        return Report(code=fault.code)
    return Report(answer, found=found)


class Checker:
    def __init__(self, given: Disclosure):
        self.given = given
        self.charter: Charter | None = None
        self.officers: object = "closed"
        self.rendering = "unknown"
        self.times: list[int] = []

    def check(self, anchor: Charter | bytes | None, forms: object) -> str:
        given = self.given
        answer = self._anchored(anchor)
        # By the charter alone, then after each order.
        stages = self._stages() if self.charter else []
        if self.charter:
            self._check_keys(stages[-1])
        self.size, self.root = self._checkpoint()
        self.entry = self._message()
        leaf = merkle.leaf_hash(given.leaf)
        if not merkle.included(leaf, given.index, self.size, given.hashes, self.root):
            raise Refused("disclosure.path")
        if entry.body_commitment(given.salt, given.body) != self.entry.fields[3]:
            raise Refused("disclosure.opened")
        if given.officers:
            self._check_officers(stages)
        if self.charter and forms is not False:
            self._check_body(forms)
        for one in given.receipts:
            self.times.append(self._receipted(one))
        return answer

    def _anchored(self, anchor: Charter | bytes | None) -> str:
        enclosed = None
        if self.given.charter is not None:
            try:
                enclosed = charter_rules.load(self.given.charter)
            except Refused:
                raise Refused("disclosure.charter") from None
            self._of_this_line(enclosed)
        if isinstance(anchor, Charter):
            self._of_this_line(anchor)
            self.charter = anchor
            return ESTABLISHED
        self.charter = enclosed
        if anchor is None:
            return CONSISTENT
        if not (enclosed.hash if enclosed else self.given.line).startswith(anchor):
            raise Refused("disclosure.other-line")
        return ESTABLISHED if enclosed else CONSISTENT

    def _of_this_line(self, charter: Charter) -> None:
        known = (charter.line, charter.kind, len(charter.posts))
        if known != (self.given.line, self.given.kind, self.given.posts):
            raise Refused("disclosure.other-line")

    def _stages(self) -> list[dict]:
        """The keys of posts and officers by the charter, and after each order."""
        charter = self.charter
        logs = {
            number: {(post.generation, post.log_key)} for number, post in enumerate(charter.posts)
        }
        officers = dict(enumerate(charter.officers))
        stages = [{"logs": logs, "officers": officers, "cut off": set()}]
        if self.given.orders and charter.hash != charter.line:
            raise Refused("disclosure.order")
        keys = InForce(charter)
        for order in self.given.orders:
            try:
                became, _ = keys.take(order)
            except Refused:
                raise Refused("disclosure.order") from None
            if became != TAKEN:
                raise Refused("disclosure.order")
            logs = stages[-1]["logs"]
            if order.change[0] == GENERATION:
                post, generation, log = order.change[1:4]
                logs = {**logs, post: logs[post] | {(generation, log)}}
            officers = {**stages[-1]["officers"], **keys.keys(order.party).officers}
            cut_off = {post for post in range(len(charter.posts)) if keys.is_cut_off(post)}
            stages.append({"logs": logs, "officers": officers, "cut off": cut_off})
        return stages

    def _check_keys(self, keys: dict) -> None:
        named = [(self.given.log, self.given.key)]
        named += [(one.post, one.key) for one in self.given.receipts]
        for post, key in named:
            if key not in keys["logs"][post] or post in keys["cut off"]:
                raise Refused("disclosure.other-key")

    def _origin(self, log: int, key: Key) -> str:
        return checkpoint.origin(self.given.line, self.given.kind, log, key[0])

    def _checkpoint(self) -> tuple[int, bytes]:
        name = self.given.note.partition(b"\n")[0].decode("utf-8")
        try:
            found = checkpoint.read_note(self.given.note, name, self.given.key[1])
        except Refused:
            raise Refused("disclosure.checkpoint") from None
        if name != self._origin(self.given.log, self.given.key):
            raise Refused("disclosure.other-log")
        return found

    def _message(self) -> entry.Entry:
        try:
            found = entry.read(self.given.leaf, self.given.log, self.given.posts)
        except Refused:
            raise Refused("disclosure.no-message") from None
        if found.type != entry.MESSAGE:
            raise Refused("disclosure.no-message")
        return found

    def _check_officers(self, stages: list[dict]) -> None:
        salt, draft, auth = self.given.officers
        if entry.auth_commitment(salt, auth) != self.entry.fields[4]:
            raise Refused("disclosure.opened")
        self.officers = "unchecked"
        if not stages:
            return
        for keys in stages:
            try:
                statement.check_by(
                    self.charter, keys["officers"], self.given.log, self.entry, draft, auth
                )
            except Refused:
                continue
            last = stages[-1]["officers"]
            self.officers = [
                {"title": last[officer].title, "role": role}
                for officer, _, role, _, _ in statement.read(auth)
            ]
            return
        raise Refused("disclosure.officers")

    def _check_body(self, forms: object) -> None:
        try:
            body = bodies.read(self.given.body)
        except Refused:
            raise Refused("disclosure.body") from None
        known = {number: version for number, version, _ in self.charter.forms}
        if known.get(body.form) != body.version:
            raise Refused("disclosure.body")
        if not statement.form_fits(self.entry.fields[0], body.form):
            raise Refused("disclosure.body")
        agrees = forms.agrees(self.charter, body) if forms else None
        if agrees is False:
            raise Refused("disclosure.rendering")
        if agrees:
            self.rendering = "agrees"

    def _receipted(self, one: Receipt) -> int:
        """The time that a receipt claims, if it holds for the checkpoint."""
        refused = Refused("disclosure.receipt")
        try:
            found = entry.read(one.leaf, one.post, self.given.posts)
        except Refused:
            raise refused from None
        if found.type != entry.RECEIPT or found.fields != (self.given.log, self.size, self.root):
            raise refused
        root = merkle.root_of(merkle.leaf_hash(one.leaf), one.index, one.size, one.hashes)
        name = self._origin(one.post, one.key)
        if root is None or not checkpoint.signed(one.key[1], name, one.size, root, one.signature):
            raise refused
        return found.t_ms

    def summary(self) -> dict:
        given, fields = self.given, self.entry.fields
        return {
            "file": "disclosure",
            "line": given.line.hex(),
            "kind": KINDS[given.kind],
            "entry": f"{given.log}/{given.index}",
            "post": self._name(given.log),
            "t_ms": self.entry.t_ms,
            "act": fields[0],
            "precedence": PRECEDENCES[fields[1]],
            "thread": "/".join(map(str, fields[2])) if fields[2] != 0 else None,
            "size": self.size,
            "root": self.root.hex(),
            "receipts": [
                {"post": one.post, "name": self._name(one.post), "t_ms": t_ms}
                for one, t_ms in zip(given.receipts, self.times)
            ],
            "officers": self.officers,
            "rendering": self.rendering,
        }

    def _name(self, number: int) -> str:
        if not self.charter:
            return str(number)
        post = self.charter.posts[number]
        return f"{self.charter.parties[post.party].name} / {post.name}"
