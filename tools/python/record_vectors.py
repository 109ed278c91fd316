"""The record vectors that are made here, where every secret is known: of key orders, refusals, and forms under acts.

Usage: record_vectors.py            writes them anew
"""

from hashlib import sha256

import made_line
from khatt_verify_py import cbor, entry, vectors
from khatt_verify_py.record_file import ENTRY
from made_charter import LOGS, charter_file, charter_items, commit, generation, order_file, public
from made_line import Writer

KEYS = {number: LOGS[number] for number in range(3)}
# The forms of these charters, whose files nobody has: their bodies are read and not rendered.
FORMS = (1, 4, 5, 35, 40, 41, 101)


def plain() -> tuple:
    """A charter without forms, so that what is made does not hang on the files of `forms/`."""
    items = charter_items()
    return (*items[:10], (), bytes(32), bytes(32), *items[13:18], ((0,), ()), items[19])


def opened(items: tuple | None = None) -> Writer:
    to = Writer(items or plain())
    to.text, to.forms = [b"a message"], False
    to.put(0, entry.OPEN, (0,), to.line.hash, 0, 0)
    to.put(1, entry.OPEN, (1,), to.line.hash, 1, 0)
    return to


def signed(to: Writer) -> list[tuple]:
    to.signs(0)
    to.signs(1)
    return to.done()


def order(to: Writer, log: int, seen: int, number: int, previous: bytes, change: tuple, *by: tuple) -> bytes:
    """Puts an order of North into a log; returns its hash."""
    file = order_file(to.line, 0, number, previous, change, by)
    to.put(log, entry.KEYS, (seen,), file)
    return sha256(cbor.whole(file)[1]).digest()


def refusal(late: bool) -> list[tuple]:
    to = opened()
    to.put(1, *((entry.RECEIPT, (1,), 0, 1, b"") if late else (entry.REFUSAL, (1,), 0, 0, 1)))
    to.put(1, *((entry.REFUSAL, (1,), 0, 0, 1) if late else (entry.RECEIPT, (1,), 0, 1, b"")))
    return signed(to)


def receipt_of_refused() -> list[tuple]:
    to = opened()
    to.put(1, entry.REFUSAL, (1,), 0, 0, 1)
    to.put(1, entry.AHEAD, (1,), 0, 0, 1, b"")
    return signed(to)


def cut_off(then: str) -> list[tuple]:
    """North's post is cut off by an order in its own log, and goes on or begins a generation."""
    to = opened()
    first = order(to, 0, 1, 1, to.line.hash, (5, 0), (1, 91), (2, 92))
    if then == "goes on":
        to.put(0, entry.RECEIPT, (1,), 1, 1, b"")
    else:
        order(to, 0, 1, 2, first, generation(0, 1), (2, 92), (3, 93))
        to.put(0, entry.RECEIPT, (1,), 1, 1, b"")
    return signed(to)


def thief() -> list[tuple]:
    """What a thief of the root key orders is overruled by the quorum; then one order waits for another."""
    to = opened()
    first = to.line.hash
    order(to, 0, 1, 1, first, (1, 1, "North duty", 2, (b"\x01" + public(95),)))
    kept = order(to, 1, 2, 1, first, (4, public(106), 1, (public(107),)), (1, 91), (2, 92))
    second = order_file(to.line, 0, 2, kept, (3, 0, public(98), ()), ((0, 106),))
    added = (1, 1024, "North second", 1, (b"\x01" + public(97),))
    order(to, 0, 2, 3, sha256(cbor.whole(second)[1]).digest(), added, (0, 106))
    to.put(1, entry.KEYS, (3,), second)
    to.put(0, entry.RECEIPT, (3,), 1, 3, b"")
    return signed(to)


def forked() -> list[tuple]:
    to = opened()
    for log, key in ((0, 95), (1, 96)):
        order(to, log, 1, 1, to.line.hash, (1, 1, "North duty", 2, (b"\x01" + public(key),)))
    return signed(to)


def amended(before: bool, altered: bool = False) -> list[tuple]:
    """An amendment that stands on an order of North's, after that order or before it."""
    to = opened()
    items = plain()
    north = items[5][0]
    new = (b"\x01" + public(95),)
    officer = (items[7][0][0], "North watch", 1, new)
    items = (*items[:5], ((*north[:4], 1), items[5][1]), items[6], (officer, *items[7][1:]), *items[8:19])
    file = charter_file((*items, (to.line.hash, to.line.hash)))
    amendment = (made_line.CHARTER, file)
    if before:
        to.made.append(amendment)
    order(to, 0, 1, 1, to.line.hash, (1, 0, "North watch", 1, new))
    if not before:
        to.made.append(amendment)
    digest = sha256(cbor.whole(file)[1]).digest()
    to.put(0, entry.AMEND, (1,), digest)
    to.put(0, entry.RECEIPT, (1,), 1, 1, b"")
    made = signed(to)
    if altered:
        at = next(n for n, row in enumerate(made) if row[0] == ENTRY and cbor.whole(row[2])[1] == entry.KEYS)
        leaf = cbor.whole(made[at][2])
        file = bytearray(leaf[4])
        file[-1] ^= 1
        made[at] = (*made[at][:2], cbor.write((*leaf[:4], bytes(file))), 0)
        made = made_line.seal(made, None)
    return made


def form_under(act: int, form: int, officers: list) -> list[tuple]:
    items = charter_items()
    forms = tuple((number, 1, bytes(32)) for number in FORMS)
    items = (*items[:10], forms, bytes(32), bytes(32), *items[13:18], ((0,), ()), items[19])
    to = opened(items)
    body = cbor.write((1, form, 1, "en", (), (), bytes(32)))
    leaf = (1, entry.MESSAGE, next(to.clock), (1,), act, 3, 0, b"", b"")
    leaf, open_part = commit(to.line, 0, leaf, (bytes(16), body, b""), officers)
    to.made.append((ENTRY, 0, cbor.write(leaf), open_part))
    return signed(to)


ONE, TWO = [(1, 4, 60)], [(1, 2, 60)]
MADE = {
    "record": {
        "refusal": ("accept", "spec/entry.md §3", "a refusal, then a receipt that covers a run with it", refusal(False)),
        "refusal-late": ("refuse", "spec/entry.md §3", "South refuses what it had receipted", refusal(True)),
        "receipt-refused": ("refuse", "spec/entry.md §3", "South receipts ahead what it had refused", receipt_of_refused()),
        "cut-off": ("refuse", "spec/key-order.md §7", "a post that knows that it was cut off goes on", cut_off("goes on")),
        "cut-off-and-on": ("accept", "spec/key-order.md §7", "it begins its next generation", cut_off("begins")),
        "quorum-over-thief": ("accept", "spec/key-order.md §4", "the quorum overrules a stolen root key; an order waits for another", thief()),
        "key-order-fork": ("refuse", "spec/key-order.md §4", "a party's root key signed two orders of one number", forked()),
        "amendment-on-orders": ("accept", "spec/verify.md §3", "an amendment after the key order that it stands on", amended(False)),
        "amendment-before-orders": ("refuse", "spec/verify.md §3", "an amendment before the key order that it stands on", amended(True)),
        "order-altered": ("refuse", "spec/verify.md §8", "who altered a key order accuses nobody by what hangs on it", amended(False, True)),
    },
    "record-forms": {
        "acknowledge": ("accept", "spec/statement.md §6", "an acknowledgement by one officer", form_under(2, 4, ONE)),
        "line-test": ("accept", "spec/statement.md §6", "a line test by the post itself", form_under(3, 1, [])),
        "disclosure": ("accept", "spec/statement.md §6", "a disclosure under its own act", form_under(4, 40, TWO)),
        "erasure-released": ("refuse", "spec/statement.md §6", "an erasure as a release", form_under(1, 41, TWO)),
        "free-text-by-one": ("refuse", "spec/statement.md §6", "free text as an acknowledgement", form_under(2, 35, ONE)),
        "free-text-by-post": ("refuse", "spec/statement.md §6", "free text as a line test", form_under(3, 35, [])),
    },
}  # fmt: skip
# Where nobody who signed is at fault.
BY_FILE = {"amendment-before-orders", "order-altered"}


def texts() -> dict[str, str]:
    """The text of every vector, by its name under `vectors/`."""
    from khatt_verify_py import record
    from khatt_verify_py.forms import Forms

    found = {}
    for folder, some in MADE.items():
        for name, (expect, section, comment, rows) in some.items():
            data = made_line.write(rows)
            report = record.verify(data, None, Forms.shipped() if folder == "record-forms" else False)
            head = [
                f"expect: {expect}",
                f"section: {section}",
                f"comment: {comment}",
                f"words: {report.charters[0].line.hex()[:40]}",
            ]
            if expect == "accept":
                head.append(f"entries: {sum(len(log.tree) for log in report.logs)}")
            else:
                head.append(f"code: {report.first_code()}")
            if name in BY_FILE:
                head.append("at-fault: file")
            digits = data.hex()
            hexed = [digits[at : at + 64] for at in range(0, len(digits), 64)]
            found[f"{folder}/{name}.txt"] = "\n".join([*head, "encoding: hex", "", *hexed, ""])
    return found


if __name__ == "__main__":
    for name, text in texts().items():
        path = vectors.FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
