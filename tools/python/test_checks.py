"""The checks' own tests, on inputs made here: each must be able to fail."""

import base64
import contextlib
import hashlib
import io
import os
import tempfile
import unittest
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa, mlkem, x25519

import calendars
import cosignatures
import entries
import hpke_open
import metrics
import officers

ENTRY = [1, 1, 2, 1_700_000_000_000, 57, 3, b"\x11" * 32, b"\x22" * 32]


METRICS = "".join(
    f"# HELP {name} It is told.\n# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}\n{name} 1\n"
    for name in sorted(metrics.WANTED - {"khatt_store_syncs"} | {"khatt_store_syncs_total"})
)


def _days(change: str = "", by: str = "") -> str:
    rows = []
    for number in range(calendars.date(1970, 1, 1).toordinal(), calendars.date(2200, 1, 1).toordinal()):
        day = calendars.date.fromordinal(number)
        shown = [convert(day) or "1 בצפר 1600" for convert in calendars.CALENDARS.values()]
        row = "\t".join([day.isoformat(), *shown])
        rows.append(by if row.startswith(change) and change else row)
    return "\n".join(rows) + "\n"


class Calendars(unittest.TestCase):
    def test_a_plural_category_that_babel_gives_otherwise_is_refused(self):
        rows = [
            f"{language} {number} {calendars.Locale.parse(language).plural_form(number)}"
            for language in calendars.LANGUAGES
            for number in range(1, 3000)
        ]
        self.assertEqual(calendars.plurals("\n".join(rows)), len(rows))
        for bad in (["ar 103 other", *rows[1:]], rows[:-2999], rows[::2]):
            with self.assertRaises(calendars.Refused):
                calendars.plurals("\n".join(bad))

    def test_a_day_that_another_package_gives_otherwise_is_refused(self):
        calendars.dates(_days(), 0)
        wrong = "2022-04-07\t19 בפרוורדין 1401\t6 ברמדאן 1443\t6 בניסן 5782"
        early = "1970-01-01\t11 בדי 1348\t22 בשוואל 1389\t23 בטבת 5730"
        late = early.replace("22 בשוואל", "20 בשוואל")
        calendars.dates(_days("1970-01-01", early), 1)
        for day, row, known in (("2022-04-07", wrong, 0), ("1970-01-01", early, 0), ("1970-01-01", late, 1)):
            with self.assertRaises(calendars.Refused):
                calendars.dates(_days(day, row), known)
        with self.assertRaises(calendars.Refused):
            calendars.dates(_days("2000-01-01", "2000-01-02"), 0)


class Metrics(unittest.TestCase):
    def test_what_the_page_promises_is_taken(self):
        self.assertIn("khatt_up", metrics.check(METRICS))

    def test_what_is_missing_doubled_untyped_or_more_than_a_number_is_refused(self):
        for bad in (
            METRICS.replace("# TYPE khatt_up gauge\n", ""),
            METRICS.replace("khatt_up 1\n", "khatt_up 1\nkhatt_up 1\n"),
            METRICS.replace("khatt_up 1\n", 'khatt_up{peer="North"} 1\n'),
            METRICS.replace("khatt_up 1\n", 'khatt_up{post="North"} 1\n'),
            METRICS.replace("khatt_up 1\n", "khatt_up one\n"),
            METRICS.replace("khatt_up", "up"),
            METRICS.split("# HELP khatt_up")[0],
        ):
            with self.assertRaises(metrics.Refused):
                metrics.check(bad)


class Entries(unittest.TestCase):
    def test_a_deterministic_array_is_read(self):
        self.assertEqual(entries.check(cbor2.dumps(ENTRY, canonical=True)), ENTRY)

    def test_a_longer_integer_is_refused(self):
        with self.assertRaises(entries.Refused):
            entries.check(bytes.fromhex("81" + "1801"))

    def test_an_array_without_length_is_refused(self):
        with self.assertRaises(entries.Refused):
            entries.check(bytes.fromhex("9f01ff"))

    def test_bytes_behind_the_entry_are_refused(self):
        with self.assertRaises(entries.Refused):
            entries.check(cbor2.dumps(ENTRY, canonical=True) + b"\x00")

    def test_what_the_subset_leaves_out_is_refused(self):
        for value in ({1: 2}, [1.5], [None], [True], [2**64], [{}], 7, [[[[[[1]]]]]]):
            with self.subTest(value=value), self.assertRaises(entries.Refused):
                entries.check(cbor2.dumps(value, canonical=True))

    def test_an_empty_file_and_a_bad_row_fail(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            path = Path(folder) / "entries.hex"
            path.write_text("")
            self.assertEqual(entries.main(path), 1)
            path.write_text("811801\n")
            self.assertEqual(entries.main(path), 1)


class Capsule(unittest.TestCase):
    def setUp(self):
        seed, info, plaintext = os.urandom(32), b"line", os.urandom(32)
        pk = hpke_open.public(seed)
        key = hpke.MLKEM768X25519PublicKey(
            mlkem.MLKEM768PublicKey.from_public_bytes(pk[:1184]),
            x25519.X25519PublicKey.from_public_bytes(pk[1184:]),
        )
        sealed = hpke_open.suite().encrypt(plaintext, key, info=info)
        self.capsule = {
            "suite": hpke_open.SUITE,
            "sk_seed": seed.hex(),
            "pk": pk.hex(),
            "enc": sealed[: hpke_open.ENC_BYTES].hex(),
            "ct": sealed[hpke_open.ENC_BYTES :].hex(),
            "info": info.hex(),
            "plaintext": plaintext.hex(),
        }

    def test_a_capsule_opens(self):
        self.assertEqual(hpke_open.check(self.capsule), 32)

    def test_the_public_key_of_a_known_seed_is_the_published_one(self):
        # The first bytes of the first test vector in draft-connolly-cfrg-xwing-kem.
        seed = bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
        self.assertEqual(hpke_open.public(seed)[:16].hex(), "e2236b35a8c24b39b10aa1323a96a919")

    def test_each_altered_part_is_refused(self):
        for key, value in self.capsule.items():
            if key == "suite":
                other = "0020/0001/0003"
            else:
                other = hpke_open.flip(bytes.fromhex(value)).hex()
            with self.subTest(key=key), self.assertRaises(hpke_open.Refused):
                hpke_open.check({**self.capsule, key: other})

    def test_a_missing_key_is_refused(self):
        del self.capsule["info"]
        with self.assertRaises(hpke_open.Refused):
            hpke_open.check(self.capsule)


class Cosignatures(unittest.TestCase):
    def setUp(self):
        root = base64.b64encode(b"\x05" * 32).decode()
        self.note = f"origin\n7\n{root}\n\n"
        self.vkeys = ""
        for name in ("north", "south"):
            key = mldsa.MLDSA44PrivateKey.generate()
            blob = b"\x06" + key.public_key().public_bytes_raw()
            key_id = hashlib.sha256(name.encode() + b"\n" + blob).digest()[:4]
            signed = cosignatures.message(name, 9, "origin", 7, b"\x05" * 32)
            rest = (9).to_bytes(8, "big") + key.sign(signed)
            self.note += f"\u2014 {name} {base64.b64encode(key_id + rest).decode()}\n"
            self.vkeys += f"{name}+{key_id.hex()}+{base64.b64encode(blob).decode()}\n"

    def test_two_cosignatures_hold(self):
        self.assertEqual(cosignatures.check(self.note, self.vkeys), 2)

    def test_another_size_is_refused(self):
        with self.assertRaises(cosignatures.Refused):
            cosignatures.check(self.note.replace("\n7\n", "\n8\n", 1), self.vkeys)

    def test_a_missing_row_and_a_missing_key_are_refused(self):
        rows = self.note.splitlines(keepends=True)
        with self.assertRaises(cosignatures.Refused):
            cosignatures.check("".join(rows[:-1]), self.vkeys)
        with self.assertRaises(cosignatures.Refused):
            cosignatures.check(self.note, self.vkeys.splitlines(keepends=True)[0])


class Officers(unittest.TestCase):
    def setUp(self):
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.statement, self.external = b"statement", b"label"

    def sign1(self, header, payload):
        protected = cbor2.dumps(header)
        signed = cbor2.dumps(["Signature1", protected, self.external, payload])
        return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, self.key.sign(signed)]))

    def check(self, header, payload):
        public = self.key.public_key().public_bytes_raw()
        return officers.check(public, self.statement, self.sign1(header, payload), self.external)

    def test_a_signature_holds(self):
        payload = hashlib.sha256(self.statement).digest()
        self.assertEqual(self.check({1: -8, 4: b"\x00\x01\x00"}, payload), b"\x00\x01\x00")

    def test_another_payload_or_algorithm_is_refused(self):
        payload = hashlib.sha256(self.statement).digest()
        for header, held in (({1: -8, 4: b"k"}, b"other"), ({1: -7, 4: b"k"}, payload)):
            with self.subTest(header=header), self.assertRaises(officers.Refused):
                self.check(header, held)


if __name__ == "__main__":
    unittest.main()
