"""The second verifier's own tests: each check of spec/verify.md is shown to fail for what it is about."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

import made_charter
import made_line
import mutations
from khatt_verify_py import __main__ as command
from khatt_verify_py import cbor, charter_rules, ed25519, entry, key_order, record, vectors, words
from khatt_verify_py.faults import Refused
from khatt_verify_py.forms import FOLDER, Forms
from khatt_verify_py.record_file import CHARTER, CHECKPOINT, ENTRY
from made_charter import LOGS, ROOTS

FORMS = Forms.shipped()
KEYS = {number: LOGS[number] for number in range(3)}
MADE = made_line.rows()


def codes(rows: list, keys: dict | None = KEYS, roots: bool = True) -> list[tuple]:
    """What is found in these rows once they are signed again: code, log, number, who."""
    data = made_line.write(made_line.seal(rows, keys, roots))
    report = record.verify(data, None, FORMS)
    if report.error:
        return [report.error]
    return [(one.code.partition(".")[2], one.log, one.index, one.blame) for one in report.faults]


def changed(log: int, index: int, place: int, value: object) -> list:
    """The made rows with one item of one entry changed."""
    rows, at = list(MADE), -1
    for number, row in enumerate(rows):
        at += row[:2] == (ENTRY, log)
        if row[:2] == (ENTRY, log) and at == index:
            items = cbor.whole(row[2])
            items = (*items[:place], value, *items[place + 1 :])
            rows[number] = (*row[:2], cbor.write(items), row[3])
            return rows
    raise AssertionError("no such entry")


class Cbor(unittest.TestCase):
    def test_what_the_subset_leaves_out_is_refused(self):
        for data in ("", "20", "a0", "c001", "f6", "9f01ff", "1801", "190001", "1a00000001", "1b0000000000000001",
                     "1c", "61ff", "42", "8201", "8181818180", "0000"):  # fmt: skip
            with self.subTest(data=data), self.assertRaises(Refused):
                cbor.whole(bytes.fromhex(data))

    def test_what_is_read_is_written_back_alike(self):
        value = (0, 23, 24, 255, 256, 65_536, 2**32, 2**64 - 1, b"", b"x" * 300, "", "é", ((),))
        self.assertEqual(cbor.whole(cbor.write(value)), value)


class Ed25519(unittest.TestCase):
    # RFC 8032 §7.1, TEST 2.
    KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    SIGNATURE = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )

    def test_the_published_signature_holds_and_an_altered_one_does_not(self):
        self.assertTrue(ed25519.verify(self.KEY, b"\x72", self.SIGNATURE))
        self.assertFalse(ed25519.verify(self.KEY, b"\x73", self.SIGNATURE))

    def test_a_second_spelling_of_s_is_refused(self):
        higher = int.from_bytes(self.SIGNATURE[32:], "little") + ed25519.ORDER
        self.assertFalse(
            ed25519.verify(self.KEY, b"\x72", self.SIGNATURE[:32] + higher.to_bytes(32, "little"))
        )

    def test_the_eight_points_of_small_order_are_no_keys_and_no_r(self):
        self.assertEqual(len(ed25519.SMALL), 8)
        for point in ed25519.SMALL:
            self.assertFalse(ed25519.usable(point))
            # With a key of small order, S = 0 and R neutral satisfy the equation for many messages.
            self.assertFalse(ed25519.verify(point, b"", (1).to_bytes(32, "little") + bytes(32)))
            self.assertFalse(ed25519.verify(self.KEY, b"\x72", point + self.SIGNATURE[32:]))

    def test_a_second_spelling_of_a_point_is_no_key(self):
        self.assertTrue(ed25519.usable((3).to_bytes(32, "little")))
        self.assertFalse(ed25519.usable((3 + ed25519.P).to_bytes(32, "little")))


class Vectors(unittest.TestCase):
    def test_every_vector_is_judged_as_it_says(self):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(vectors.main(vectors.FOLDER), 0)
        self.assertRegex(out.getvalue(), r"^vectors: \d\d\d passed, 0 failed")

    def test_a_vector_that_says_otherwise_fails(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            place = Path(folder) / "entry"
            place.mkdir()
            text = (vectors.FOLDER / "entry/open.txt").read_text(encoding="utf-8")
            (place / "open.txt").write_text(text.replace("expect: accept", "expect: refuse"))
            with contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(vectors.main(Path(folder)), 1)

    def test_a_rendering_that_was_altered_is_told(self):
        keys, data = vectors.load(vectors.FOLDER / "form/free-text-radio.txt")
        altered = data.replace(b"e", b"i", 1) if b"e" in data[10:] else b""
        self.assertNotEqual(altered, data)
        with self.assertRaises((vectors.Failed, Refused)):
            vectors._form(keys, altered, Path())


class Records(unittest.TestCase):
    def test_the_made_records_hold(self):
        self.assertEqual(codes(MADE), [])
        self.assertEqual(codes(made_line.rows_of_forms()), [])

    def test_the_three_answers(self):
        data = made_line.write(MADE)
        line = charter_rules.load(MADE[1][1])
        self.assertEqual(record.verify(data, None, FORMS).answer, record.CONSISTENT)
        for anchor in (line.hash, line.hash[:20]):
            self.assertEqual(record.verify(data, anchor, FORMS).answer, record.ESTABLISHED)
        other = record.verify(data, bytes(20), FORMS)
        self.assertEqual((other.answer, other.error), (record.REFUSED, "verify.other-line"))

    def test_each_check_of_an_entry(self):
        cases = (
            (changed(0, 0, 4, bytes(32)), ("opening", 0, 0, 0)),
            (changed(0, 0, 6, 1), ("opening", 0, 0, 0)),
            (changed(1, 0, 5, 0), ("malformed", 1, 0, 1)),
            (changed(1, 1, 3, (0,)), ("receipt-beyond", 1, 1, 1)),
            (changed(1, 3, 3, (1,)), ("seen-shrank", 1, 3, 1)),
            (changed(0, 2, 3, (5,)), ("seen-beyond", 0, 2, None)),
            (changed(1, 3, 6, (0, 9)), ("thread-unknown", 1, 3, 1)),
            (changed(0, 4, 7, bytes(32)), ("receipt-root", 0, 4, 0)),
            (changed(0, 4, 5, 7), ("malformed", 0, 4, 0)),
            (changed(1, 5, 5, 8), ("refusal-unknown", 1, 5, 1)),
            (changed(1, 7, 4, bytes(32)), ("amend-unknown", 1, 7, None)),
            (changed(0, 1, 0, 2), ("malformed", 0, 1, 0)),
            (changed(0, 1, 5, 3), ("officers", 0, 1, 0)),
            (changed(0, 1, 7, bytes(32)), ("open-part", 0, 1, None)),
        )
        for rows, stated in cases:
            roots = stated[0] != "receipt-root"
            with self.subTest(stated=stated):
                self.assertIn(stated, codes(rows, roots=roots))

    def test_whoever_alters_a_file_is_named_where_no_checkpoint_covers_the_entry(self):
        found = codes(changed(0, 0, 4, bytes(32)), keys=None, roots=False)
        self.assertIn(("opening", 0, 0, None), found)
        self.assertIn(("checkpoint-signature", 0, 1, None), found)

    def test_checkpoints(self):
        rows = list(MADE)
        at = max(n for n, row in enumerate(rows) if row[:2] == (CHECKPOINT, 0))
        size = rows[at][2]
        self.assertIn(("tail-unsigned", 0, 6, None), codes([*rows[:at], *rows[at + 1 :]]))
        beyond = [*rows[:at], (CHECKPOINT, 0, size + 1, bytes(64)), *rows[at:]]
        self.assertIn(("checkpoint-beyond", 0, size + 1, None), codes(beyond))
        other = [*rows[:at], (*rows[at], bytes(32)), *rows[at:]]
        self.assertIn(("checkpoint-other-root", 0, size, 0), codes(other))

    def test_charters(self):
        rows = list(MADE)
        at = next(n for n, row in enumerate(rows) if n > 1 and row[0] == CHARTER)
        one_signature = made_charter.charter_file(cbor.whole(cbor.whole(rows[at][1])[1]), ROOTS[:1])
        rows[at] = (CHARTER, one_signature)
        self.assertIn(("charter-refused", 0, 0, None), codes(rows))
        rows[at] = rows[1]
        self.assertIn(("charter-succession", 0, 0, None), codes(rows))
        self.assertEqual(codes([MADE[0], *MADE[2:]]), ["verify.no-charter"])
        self.assertEqual(
            codes([MADE[0], (CHARTER, one_signature), *MADE[2:]], None, False), ["verify.charter"]
        )

    def test_fork_proofs_accuse_only_where_they_hold(self):
        found = codes(made_line.rows_with_forks())
        self.assertEqual(found, [("fork-proof", 1, 0, None), ("forked", 1, 0, 1)])

    def test_what_opens_another_entry_is_misplaced(self):
        rows = [(*row[:3], (1,)) if row[:2] == (ENTRY, 2) else row for row in MADE]
        self.assertEqual(codes(rows), [("open-misplaced", 2, 0, None)])

    def test_bodies(self):
        line = charter_rules.load(MADE[1][1])
        found = []
        for body in (b"", made_charter.bodies()[0][:-1] + b"\0"):
            rows = list(MADE)
            at = next(
                n for n, row in enumerate(rows) if isinstance(row[-1], tuple) and row[0] == ENTRY
            )
            opened = (rows[at][3][0], body, b"")
            officers = [(0, 1, 600), (1, 2, 600)]
            items, opened = made_charter.commit(line, 0, cbor.whole(rows[at][2]), opened, officers)
            rows[at] = (ENTRY, 0, cbor.write(items), opened)
            found += codes(rows)
        self.assertEqual(found, [("body-malformed", 0, 1, 0), ("rendering-differs", 0, 1, 0)])

    def test_a_language_that_is_not_known_leaves_a_rendering_open(self):
        items = made_charter.charter_items()
        for language, answer in (("fa", (1, 0)), ("fa-IR", (0, 1)), ("FA", (0, 1))):
            to = made_line.Writer((*items[:9], ("en", "ar", language), *items[10:]))
            to.put(0, entry.OPEN, (0,), to.line.hash, 0, 0)
            to.put(1, entry.OPEN, (1,), to.line.hash, 1, 0)
            to.message(0, (1,), 1, 3, 0, [(1, 2, 60)])
            to.signs(0)
            to.signs(1)
            report = record.verify(made_line.write(to.done()), None, FORMS)
            counts = (report.messages.agreeing, report.messages.unknown)
            self.assertEqual((report.faults, counts), ([], answer))

    def test_files_that_stop_being_one(self):
        data = made_line.write(MADE)
        cases = (
            (b"", "record-file.no-record"),
            (data[:-1], "record-file.cut-short"),
            (data + b"\0", "record-file.trailing"),
            (data[:-1] + bytes([data[-1] ^ 1]), "record-file.trailer-differs"),
            (
                data.replace(b"khatt record\x01", b"khatt record\x02", 1),
                "record-file.other-version",
            ),
            (made_line.write(MADE[:2]) + b"\x81\x09", "record-file.unknown-row"),
            (made_line.write(MADE[:2]) + b"\xa0", "record-file.malformed"),
        )
        for altered, code in cases:
            with self.subTest(code=code):
                self.assertEqual(record.verify(altered, None, FORMS).first_code(), code)


class KeyOrders(unittest.TestCase):
    LINE = charter_rules.load(MADE[1][1])

    def order(self, change: tuple, number: int = 1, previous: bytes = b"") -> key_order.Order:
        previous = previous or self.LINE.hash
        return key_order.read(made_charter.order_file(self.LINE, 0, number, previous, change))

    def test_a_record_with_an_order_gets_no_answer(self):
        # It would be taken for one whose keys never changed.
        to = made_line.Writer()
        to.put(0, entry.OPEN, (0,), to.line.hash, 0, 0)
        order = made_charter.order_file(to.line, 0, 1, to.line.hash, (5, 0))
        to.put(0, entry.KEYS, (0,), order)
        to.signs(0)
        report = record.verify(made_line.write(to.done()), None, FORMS)
        self.assertEqual((report.answer, report.exit), (record.NONE, 2))

    def test_orders_follow_one_another(self):
        keys = key_order.Keys.of(self.LINE, 0)
        first = self.order((5, 0))
        keys.take(first)
        self.assertTrue(keys.posts[0]["cut off"])
        with self.assertRaises(Refused):
            keys.take(first)
        with self.assertRaises(Refused):
            keys.take(self.order((5, 0), 3, first.hash))
        keys.take(
            self.order(
                (1, 1024, "North second", 1, (b"\x01" + made_charter.public(95),)), 2, first.hash
            )
        )
        self.assertEqual(keys.officers[1024].title, "North second")

    def test_a_key_that_stands_elsewhere_and_another_party_are_refused(self):
        for change in ((3, 0, made_charter.public(1), ()), (5, 1), (1, 4, "x", 1, ())):
            with self.subTest(change=change), self.assertRaises(Refused):
                key_order.Keys.of(self.LINE, 0).take(self.order(change))


class Words(unittest.TestCase):
    def test_words_of_a_hash_are_read_in_each_language(self):
        digest = bytes(range(100, 132))
        for language in words.LANGUAGES:
            self.assertEqual(words.read(" / ".join(words.of(digest, language))), digest[:20])

    def test_words_of_two_languages_are_refused(self):
        mixed = words.of(bytes(32), "en")[:10] + words.of(bytes(32), "ar")[:10]
        with self.assertRaises(Refused):
            words.read(" ".join(mixed))


class Command(unittest.TestCase):
    def run_on(self, *arguments: str) -> tuple[int, str]:
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()),
        ):
            return command.main(list(arguments)), out.getvalue()

    def test_exit_codes(self):
        with tempfile.TemporaryDirectory() as folder:
            path, line = Path(folder) / "record.khatt", Path(folder) / "charter.khatt"
            path.write_bytes(made_line.write(MADE))
            line.write_bytes(MADE[1][1])
            said = " ".join(words.of(charter_rules.load(MADE[1][1]).hash, "fa"))
            self.assertEqual(self.run_on(str(path))[0], 3)
            self.assertEqual(self.run_on(str(path), "--charter", str(line))[0], 0)
            self.assertEqual(self.run_on(str(path), "--charter", said)[0], 0)
            self.assertEqual(self.run_on(str(path), "--charter", "twenty words")[0], 2)
            self.assertEqual(self.run_on(str(path) + ".none")[0], 2)
            path.write_bytes(made_line.write(MADE)[:-1])
            code, out = self.run_on(str(path))
            self.assertEqual((code, json.loads(out)["answer"]), (1, "refused"))


class Corpus(unittest.TestCase):
    def test_a_change_is_made_again_from_its_seed_and_changes_the_bytes(self):
        base = mutations.base("made", made_line.write(MADE), True)
        for seed in range(200):
            change = mutations.change(base, seed)
            self.assertNotEqual(change.data, base.data)
            self.assertEqual(change, mutations.change(base, seed))

    def test_a_file_that_says_less_is_told_from_one_that_says_other(self):
        base = mutations.base("made", made_line.write(MADE), True)
        withheld = [(*row[:3], (1,)) if row[-1] != 0 and row[0] == ENTRY else row for row in MADE]
        self.assertTrue(mutations.says_no_more(base, made_line.write(withheld)))
        other = made_line.write(changed(0, 0, 2, 1))
        self.assertFalse(mutations.says_no_more(base, other))

    def test_the_forms_are_all_of_the_folder(self):
        self.assertEqual(len(FORMS.files), len(list(FOLDER.glob("*.toml"))))
        self.assertGreater(len(made_charter.bodies()), 20)
        self.assertEqual(entry.CAPSULE, 1168)


if __name__ == "__main__":
    unittest.main()
