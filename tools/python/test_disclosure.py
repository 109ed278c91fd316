"""The second verifier's tests of disclosures: each check of spec/disclosure.md is shown to fail for what it is about."""

import contextlib
import io
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import made_charter
import made_disclosure
import made_line
import proof_mutations
from khatt_verify_py import __main__ as command
from khatt_verify_py import disclosure, words
from khatt_verify_py.forms import Forms
from made_disclosure import Parts, Source, write

FORMS = Forms.shipped()
ROWS = made_line.rows()
SOURCE = Source(ROWS)
LINE = SOURCE.charter
# An entry that the other post's receipt covers.
LOG, INDEX = 0, 1
PLAIN = SOURCE.disclose(LOG, INDEX, officers=False, charter=False)
OFFICERS = SOURCE.disclose(LOG, INDEX, officers=True, charter=False)


def code(of: Parts, anchor: object = LINE) -> str:
    report = disclosure.verify(write(of), anchor, FORMS)
    return (report.code or report.answer).removeprefix("disclosure.")


def extra(of: Parts, at: int, value: object) -> Parts:
    return replace(of, extra=(*of.extra[:at], value, *of.extra[at + 1 :]))


class Answers(unittest.TestCase):
    def test_every_message_of_the_made_lines_is_disclosed(self):
        for rows in (ROWS, made_line.rows_of_forms()):
            line, found = Source(rows).charter, made_disclosure.made(rows)
            self.assertGreater(len(found), 3)
            for name, parts in found:
                with self.subTest(name=name):
                    self.assertEqual(code(parts, line), "parties-established")
                    self.assertEqual(code(parts, None), "consistent-only")
                    by_words = code(parts, line.hash[:20])
                    enclosed = parts.extra[10] != 0
                    self.assertEqual(by_words == "parties-established", enclosed)

    def test_what_is_told_is_what_is_in_it(self):
        found = disclosure.verify(write(OFFICERS), LINE, FORMS).summary()
        self.assertEqual((found["entry"], found["rendering"]), ("0/1", "agrees"))
        self.assertEqual([one["name"] for one in found["receipts"]], ["South / South watch"])
        titles = [one["title"] for one in found["officers"]]
        self.assertEqual(titles, ["North watch", "North duty"])
        plain = disclosure.verify(write(PLAIN), LINE, FORMS).summary()
        self.assertEqual({**plain, "officers": found["officers"]}, found)
        self.assertEqual(plain["officers"], "closed")
        unchecked = disclosure.verify(write(OFFICERS), None, FORMS).summary()
        self.assertEqual(unchecked["officers"], "unchecked")

    def test_the_command_knows_it_from_a_record(self):
        with tempfile.TemporaryDirectory() as folder:
            path, line = Path(folder) / "one.tlog-proof", Path(folder) / "charter.khatt"
            path.write_bytes(write(PLAIN))
            line.write_bytes(SOURCE.file)

            def run(*arguments: str) -> int:
                with contextlib.redirect_stdout(io.StringIO()):
                    return command.main([str(path), *arguments])

            self.assertEqual(run("--charter", str(line)), 0)
            self.assertEqual(run(), 3)
            self.assertEqual(run("--charter", " ".join(words.of(LINE.hash, "en"))), 3)
            self.assertEqual(run("--charter", " ".join(words.of(bytes(32), "en"))), 1)


class Checks(unittest.TestCase):
    def test_each(self):
        receipt = PLAIN.extra[9][0]
        salt, body, auth_salt, draft, auth = OFFICERS.extra[8]
        # Of as many posts: another nonce.
        items = (*made_charter.charter_items()[:3], b"\x06" * 16, *made_charter.charter_items()[4:])
        other = made_charter.charter_file(items)
        unsigned = made_charter.charter_file(made_charter.charter_items(), (1,))
        cases = {
            "extra": (
                extra(PLAIN, 0, "khatt disclosurf"),
                extra(PLAIN, 1, 2),
                extra(PLAIN, 3, 4),
                extra(PLAIN, 4, 17),
                extra(PLAIN, 5, 2),
                extra(PLAIN, 8, (salt, body, auth_salt)),
                extra(PLAIN, 9, (receipt, receipt)),
                extra(PLAIN, 10, 1),
                replace(PLAIN, extra=PLAIN.extra[:-1]),
            ),
            "malformed": (
                replace(PLAIN, hashes=(*PLAIN.hashes, b"short")),
                replace(PLAIN, hashes=(bytes(32),) * 65),
            ),
            "charter": (extra(PLAIN, 10, unsigned), extra(PLAIN, 10, b"")),
            "other-line": (
                extra(PLAIN, 2, bytes(32)),
                extra(PLAIN, 3, 2),
                extra(PLAIN, 4, 3),
                extra(PLAIN, 10, other),
            ),
            "other-key": (
                extra(PLAIN, 6, (1, PLAIN.extra[6][1])),
                extra(PLAIN, 6, (0, made_charter.public(12))),
                extra(PLAIN, 5, 1),
                extra(PLAIN, 9, ((1, (1, receipt[1][1]), *receipt[2:]),)),
            ),
            "checkpoint": (
                replace(PLAIN, note=PLAIN.note.replace(b"\n2\n", b"\n3\n")),
                replace(PLAIN, note=PLAIN.note + b"x\n"),
                replace(PLAIN, note=b""),
            ),
            "no-message": (extra(PLAIN, 7, receipt[2]), extra(PLAIN, 7, b"")),
            "path": (
                replace(PLAIN, index=0),
                replace(PLAIN, index=2),
                replace(PLAIN, hashes=()),
                replace(PLAIN, hashes=(*PLAIN.hashes, bytes(32))),
            ),
            "opened": (
                extra(PLAIN, 8, (bytes(16), body)),
                extra(PLAIN, 8, (salt, body + b"\0")),
                extra(OFFICERS, 8, (salt, body, bytes(16), draft, auth)),
            ),
            "officers": (extra(OFFICERS, 8, (salt, body, auth_salt, bytes(16), auth)),),
            "receipt": (
                extra(PLAIN, 9, ((*receipt[:3], receipt[3] + 1, *receipt[4:]),)),
                extra(PLAIN, 9, ((*receipt[:4], receipt[4] + 1, *receipt[5:]),)),
                extra(PLAIN, 9, ((*receipt[:5], bytes(64), receipt[6]),)),
                extra(PLAIN, 9, ((*receipt[:2], PLAIN.extra[7], *receipt[3:]),)),
            ),
        }
        for stated, some in cases.items():
            for number, parts in enumerate(some):
                with self.subTest(code=stated, number=number):
                    self.assertEqual(code(parts), stated)

    def test_a_true_checkpoint_of_another_log_is_refused(self):
        # The key of South's log, and its own checkpoint, under North's number.
        other = SOURCE.disclose(1, SOURCE.messages()[-1][1], False, False)
        self.assertEqual(SOURCE.messages()[-1][0], 1)
        taken = replace(extra(PLAIN, 6, other.extra[6]), note=other.note)
        self.assertEqual(code(taken, None), "other-log")

    def test_orders(self):
        after = made_disclosure.of_next_generation(LINE, PLAIN)
        orders = after.extra[11]
        self.assertEqual(code(after), "parties-established")
        for stated, some in (
            ("other-key", ()),
            ("other-key", orders[:1]),
            ("order", orders[1:]),
            ("extra", (*orders, orders[1])),
            ("extra", orders[::-1]),
        ):
            with self.subTest(stated=stated, count=len(some)):
                self.assertEqual(code(extra(after, 11, some)), stated)
        cut_off = made_charter.order_file(LINE, 0, 1, LINE.hash, (5, 0))
        self.assertEqual(code(extra(PLAIN, 11, (cut_off,))), "other-key")
        root = made_charter.order_file(LINE, 1, 1, LINE.hash, (5, 0))
        self.assertEqual(code(extra(PLAIN, 11, (root,))), "order")

    def test_bodies(self):
        leaf, opened = SOURCE.logs[LOG][INDEX]
        for stated, body in (("body", b""), ("rendering", made_charter.bodies()[0][:-1] + b"\0")):
            items = made_line.cbor.whole(leaf)
            items, made = made_charter.commit(LINE, LOG, items, (opened[0], body, b""), [(1, 2, 5)])
            parts = extra(extra(PLAIN, 7, made_line.cbor.write(items)), 9, ())
            parts = extra(parts, 8, (PLAIN.extra[8][0], body))
            self.assertEqual(code(made_disclosure.signed_again(LINE, parts)), stated)

    def test_every_changed_byte_is_refused(self):
        data = write(OFFICERS)
        self.assertIsNone(disclosure.verify(data, LINE, False).code)
        for place in range(0, len(data), 7):
            changed = bytearray(data)
            changed[place] ^= 1
            with self.subTest(place=place):
                report = disclosure.verify(bytes(changed), LINE, False)
                self.assertEqual(report.answer, disclosure.REFUSED)


class Mutations(unittest.TestCase):
    def test_what_says_more_is_told_from_what_says_less(self):
        of = proof_mutations.Base("one", OFFICERS, LINE)
        less = extra(extra(OFFICERS, 9, ()), 8, OFFICERS.extra[8][:2])
        self.assertTrue(proof_mutations.says_no_more(of, [], disclosure.read(write(less))))
        for more in (
            extra(OFFICERS, 8, (OFFICERS.extra[8][0], b"else")),
            replace(OFFICERS, index=2),
            extra(OFFICERS, 5, 1),
        ):
            self.assertFalse(proof_mutations.says_no_more(of, [], disclosure.read(write(more))))


if __name__ == "__main__":
    unittest.main()
