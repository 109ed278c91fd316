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
import record_vectors
from khatt_verify_py import __main__ as command
from khatt_verify_py import (
    cbor,
    charter_rules,
    ed25519,
    entry,
    in_force,
    key_order,
    record,
    vectors,
    words,
)
from khatt_verify_py import body as bodies
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
    # A post at fault is told by its number, a party as it is.
    return [
        (
            one.code.partition(".")[2],
            one.log,
            one.index,
            one.blame[1] if one.blame and one.blame[0] == "post" else one.blame,
        )
        for one in report.faults
    ]


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
        self.assertEqual(codes(made_line.rows_with_orders()), [])

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
            (changed(1, 5, 5, 1), ("refusal-late", 1, 5, 1)),
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

    def test_an_entry_that_was_refused_is_not_receipted_ahead(self):
        to = made_line.Writer()
        to.put(0, entry.OPEN, (0,), to.line.hash, 0, 0)
        to.put(1, entry.OPEN, (1,), to.line.hash, 1, 0)
        to.put(1, entry.REFUSAL, (1,), 0, 0, 1)
        to.put(1, entry.REFUSAL, (1,), 0, 0, 1)
        to.put(1, entry.RECEIPT, (1,), 0, 1, b"")
        to.signs(0)
        to.signs(1)
        self.assertEqual(codes(to.done()), [])
        to.put(1, entry.AHEAD, (1,), 0, 0, 1, b"")
        to.signs(1)
        self.assertEqual(codes(to.done()), [("receipt-refused", 1, 4, 1)])

    def test_what_an_officer_or_the_post_alone_sends_is_of_few_forms(self):
        line = charter_rules.load(MADE[1][1])
        forms = {bodies.read(one).form: one for one in made_charter.bodies()}
        found = {}
        for act, officers in ((2, [(1, 4, 60)]), (3, [])):
            for form, body in forms.items():
                rows = list(MADE)
                at = next(n for n, row in enumerate(rows) if row[0] == ENTRY and len(row[3] or ()) == 3)
                items = cbor.whole(rows[at][2])
                items = (*items[:4], act, *items[5:])
                items, opened = made_charter.commit(line, 0, items, (rows[at][3][0], body, b""), officers)
                rows[at] = (ENTRY, 0, cbor.write(items), opened)
                if codes(rows) != [("act-form", 0, 1, 0)]:
                    self.assertEqual(codes(rows), [])
                    found.setdefault(act, set()).add(form)
        self.assertEqual(found, {2: {4, 5} & set(forms), 3: {1, 101} & set(forms)})

    def test_a_language_that_is_not_known_leaves_a_rendering_open(self):
        items = made_charter.charter_items()
        for language, answer in (("he", (1, 0)), ("he-IL", (0, 1)), ("HE", (0, 1)), ("iw", (0, 1))):
            to = made_line.Writer((*items[:9], (*items[9][:-1], language), *items[10:]))
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
    CUT_OFF = (5, 0)

    def order(self, change: tuple, number: int, previous: bytes, *signed: tuple) -> key_order.Order:
        file = made_charter.order_file(self.LINE, 0, number, previous, change, signed)
        return key_order.read(file)

    def officer(self, key: int) -> tuple:
        return (1, 1, "North duty", 2, (b"\x01" + made_charter.public(key),))

    def test_orders_follow_one_another_and_wait(self):
        keys = in_force.InForce(self.LINE)
        first = self.order(self.CUT_OFF, 1, self.LINE.hash)
        new = (1, 1024, "North second", 1, (b"\x01" + made_charter.public(95),))
        second = self.order(new, 2, first.hash)
        self.assertEqual(keys.take(second), (in_force.WAITS, set()))
        self.assertFalse(keys.is_cut_off(0))
        self.assertEqual(keys.take(first), (in_force.TAKEN, set()))
        self.assertTrue(keys.is_cut_off(0))
        self.assertEqual(keys.officer(0, 1024).title, "North second")
        self.assertEqual(keys.take(first), (in_force.AGAIN, set()))

    def test_a_key_that_stands_elsewhere_and_another_party_are_refused(self):
        for change in ((3, 0, made_charter.public(1), ()), (5, 1), (1, 4, "x", 1, ())):
            with self.subTest(change=change), self.assertRaises(Refused):
                in_force.InForce(self.LINE).take(self.order(change, 1, self.LINE.hash))

    def test_two_orders_of_one_number_are_a_fork_and_hold_the_chain_back(self):
        keys = in_force.InForce(self.LINE)
        one, two = (self.order(self.officer(key), 1, self.LINE.hash) for key in (95, 96))
        keys.take(one)
        self.assertEqual(keys.take(two), (in_force.FORKED, {(0, 1)}))
        self.assertEqual(keys.forked_by(one, two), 0)
        after = self.order(self.CUT_OFF, 2, one.hash)
        self.assertEqual(keys.take(after)[0], in_force.HELD_BACK)
        ends = (4, made_charter.public(97), 0, ())
        quorum = ((1, 91), (2, 92))
        self.assertEqual(keys.take(self.order(ends, 2, one.hash, *quorum))[0], in_force.TAKEN)
        self.assertFalse(keys.held_back[0])

    def test_the_quorum_takes_the_place_of_a_thief_and_not_the_other_way(self):
        quorum = ((1, 91), (3, 93))
        theirs = self.order(self.officer(95), 1, self.LINE.hash)
        ours = self.order(self.CUT_OFF, 1, self.LINE.hash, *quorum)
        keys = in_force.InForce(self.LINE)
        keys.take(theirs)
        self.assertEqual(keys.take(ours), (in_force.TAKEN, set()))
        self.assertEqual(keys.take(theirs), (in_force.NOTHING, set()))
        self.assertTrue(keys.is_cut_off(0))

    def put(self, *changes: tuple[int, tuple]) -> list[tuple]:
        """What is found where North's orders stand in its own log, or in South's, one after another."""
        to, previous = made_line.Writer(), self.LINE.hash
        to.put(0, entry.OPEN, (0,), self.LINE.hash, 0, 0)
        to.put(1, entry.OPEN, (1,), self.LINE.hash, 1, 0)
        held = {0: 1, 1: 1}
        for log, change in changes:
            number = 1 + sum(held.values()) - 2
            file = made_charter.order_file(self.LINE, 0, number, previous, change)
            previous = key_order.read(file).hash
            to.put(log, entry.KEYS, (held[1 - log],), file)
            held[log] += 1
        to.put(0, entry.RECEIPT, (held[1],), 1, 1, b"")
        to.signs(0)
        to.signs(1)
        return codes(to.done())

    def test_a_post_that_was_cut_off_writes_nothing_but_its_next_generation(self):
        self.assertEqual(self.put((0, self.CUT_OFF)), [("cut-off", 0, 2, 0)])
        self.assertEqual(self.put((1, self.CUT_OFF)), [("cut-off", 0, 1, 0)])
        begins = made_charter.generation(0, 1)
        self.assertEqual(self.put((0, self.CUT_OFF), (0, begins)), [])
        self.assertEqual(self.put((1, begins)), [("generation-ended", 0, 1, 0)])

    def test_an_order_that_may_not_come_into_force_names_its_post(self):
        self.assertEqual(self.put((1, (5, 1))), [("key-order", 1, 1, 1)])

    def test_no_post_stands_accused_because_orders_were_altered(self):
        # The amendment stands on orders: without them its author seems to go by what it does not.
        rows = made_line.rows_with_orders()
        for at, row in enumerate(rows):
            if row[0] != ENTRY or cbor.whole(row[2])[1] != entry.KEYS:
                continue
            items = cbor.whole(row[2])
            altered = bytearray(items[4])
            altered[-1] ^= 1
            changed = list(rows)
            changed[at] = (*row[:2], cbor.write((*items[:4], bytes(altered))), row[3])
            found = codes(changed, keys=None, roots=False)
            self.assertEqual([one for one in found if len(one) == 4 and one[3] is not None], [])


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


class MadeVectors(unittest.TestCase):
    def test_the_vectors_that_are_made_here_are_what_is_written(self):
        for name, text in record_vectors.texts().items():
            with self.subTest(name=name):
                path = vectors.FOLDER / name
                self.assertEqual(path.read_text(encoding="utf-8"), text)


class Corpus(unittest.TestCase):
    def test_a_change_is_made_again_from_its_seed_and_changes_the_bytes(self):
        base = mutations.base("made", made_line.write(MADE), True)
        for seed in range(200):
            change = mutations.change(base, seed)
            self.assertNotEqual(change.data, base.data)
            self.assertEqual(change, mutations.change(base, seed))

    def test_orders_are_added_and_found_by_code(self):
        base = mutations.base("orders", made_line.write(made_line.rows_with_orders()), True)
        found = set()
        for seed in range(300):
            change = mutations.change(base, seed)
            if change.what.startswith("order "):
                found |= {one.code for one in record.verify(change.data, None, FORMS).faults}
        self.assertLessEqual({"verify.key-order", "verify.key-order-fork", "verify.generation-ended"}, found)

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
