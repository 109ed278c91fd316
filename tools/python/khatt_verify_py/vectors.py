"""Runs `vectors/` under this verifier (vectors/README.md).

Usage: python -m khatt_verify_py.vectors [FOLDER]
"""

import sys
from collections import Counter
from pathlib import Path

from . import (
    body,
    charter_rules,
    checkpoint,
    disclosure,
    ed25519,
    entry,
    fork,
    in_force,
    key_order,
    merkle,
    record,
    statement,
    words,
)
from .faults import Refused
from .forms import Forms
from .in_force import InForce

FORMS = Forms.shipped()
FOLDER = Path(__file__).resolve().parents[3] / "vectors"
# Sealing is for the way only: a verifier needs nothing of it (spec/README.md §1).
PASSED_OVER = {"epoch", "frame"}


class Failed(Exception):
    """A vector that this verifier judges otherwise than the vector says."""


def load(path: Path) -> tuple[dict[str, str], bytes]:
    """The rows of a vector's header, and its bytes."""
    head, _, data = path.read_bytes().partition(b"\n\n")
    keys = dict(row.split(": ", 1) for row in head.decode("utf-8").splitlines())
    return keys, bytes.fromhex(data.decode()) if keys.get("encoding") == "hex" else data


def run(path: Path) -> None:
    """Raises Failed if the vector is not judged as it says."""
    keys, data = load(path)
    try:
        CHECKS[path.parent.name](keys, data, path)
    except Refused as fault:
        if keys["expect"] != "refuse":
            raise Failed(f"refused: {fault.code}") from None
    else:
        if keys["expect"] != "accept":
            raise Failed("accepted")


def demand(found: object, stated: object, what: str) -> None:
    if found != stated:
        raise Failed(f"{what} is {found}, not {stated}")


def _hashes(data: bytes) -> list[bytes]:
    if len(data) % 32:
        raise Refused("proof.other-length")
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def _entry(keys: dict, data: bytes, _: Path) -> None:
    found = entry.read(data, int(keys["own"]), int(keys["posts"]))
    demand(found.type, int(keys["type"]), "type")


def _charter(keys: dict, data: bytes, _: Path) -> None:
    found = charter_rules.load(data)
    demand(found.line.hex(), keys["id"], "id")


def _checkpoint(keys: dict, data: bytes, _: Path) -> None:
    name = data.partition(b"\n")[0].decode()
    size, _ = checkpoint.read_note(data, name, bytes.fromhex(keys["key"]))
    demand(size, int(keys["size"]), "size")


def _merkle(keys: dict, data: bytes, _: Path) -> None:
    hashes, size, root = _hashes(data), int(keys["size"]), bytes.fromhex(keys["root"])
    if keys["check"] == "inclusion":
        leaf = merkle.leaf_hash(bytes.fromhex(keys["leaf"]))
        held = merkle.included(leaf, int(keys["index"]), size, hashes, root)
    else:
        old_root = bytes.fromhex(keys["old-root"])
        held = merkle.consistent(int(keys["old-size"]), old_root, size, root, hashes)
    if not held:
        raise Refused("proof.other-root")


def _statement(keys: dict, data: bytes, _: Path) -> None:
    line, draft, digest = (bytes.fromhex(keys[key]) for key in ("line-id", "draft-id", "digest"))
    kind, post, act, role = (int(keys[key]) for key in ("kind", "post", "act", "role"))
    not_after = int(keys["not-after-ms"])
    hashed = statement.statement(line, kind, post, act, draft, digest, role, not_after)
    demand(hashed.hex(), keys["hash"], "hash")
    signed = statement.signed_bytes(int(keys["officer"]), int(keys["key"]), hashed)
    if not ed25519.verify(bytes.fromhex(keys["public"]), signed, data):
        raise Refused("statement.bad-signature")


def _fork(keys: dict, data: bytes, path: Path) -> None:
    line = charter_rules.load(load(path.parents[1] / keys["line"])[1])
    demand(fork.accused(InForce(line), data), int(keys["accused"]), "accused")


def _key_order(keys: dict, data: bytes, path: Path) -> None:
    line = charter_rules.load(load(path.parents[1] / keys["line"])[1])
    became, _ = InForce(line).take(key_order.read(data))
    if became != in_force.TAKEN:
        raise Refused("key-order.not-in-force")


def _form(keys: dict, data: bytes, _: Path) -> None:
    found = body.read(data)
    demand(found.digest.hex(), keys["digest"], "digest in the body")
    form = FORMS.files[bytes.fromhex(keys["form-hash"])]
    languages = tuple(keys["languages"].split())
    shown = FORMS.rendering(found, form, FORMS.wordbook_of_all(), languages)
    demand(shown.hex(), keys["digest"], "digest of the rendering")


def _rendering(keys: dict, data: bytes, _: Path) -> None:
    form = FORMS.files[bytes.fromhex(keys["form-hash"])]
    languages = tuple(keys["languages"].split())
    wordbook = FORMS.wordbook_of_all()
    for row in data.decode("ascii").splitlines():
        number, held, *digests = row.split(" ")
        found = body.read(bytes.fromhex(held))
        demand(FORMS.rendering(found, form, wordbook, languages), found.digest, f"{number}: digest in the body")
        for language, digest in zip(languages, digests, strict=True):
            shown = FORMS.rendering(found, form, wordbook, (language,))
            demand(shown.hex(), digest, f"{number} in {language}")


def _words(keys: dict, data: bytes, _: Path) -> None:
    stated = bytes.fromhex(keys["hash"])[:20]
    if words.read(data.decode("utf-8")) != stated:
        raise Refused("words.other-hash")
    demand(words.of(stated, keys["language"]), data.decode("utf-8").split(), "words")


def _disclosure(keys: dict, data: bytes, path: Path) -> None:
    # The bodies in these are not forms.
    line = charter_rules.load(load(path.parents[1] / keys["line"])[1])
    report = disclosure.verify(data, line, forms=False)
    if report.answer == disclosure.REFUSED:
        demand(report.code, keys.get("error"), "code")
        raise Refused(report.code)


def _record(keys: dict, data: bytes, path: Path) -> None:
    # The bodies in those of `record` are not forms.
    forms = FORMS if path.parent.name == "record-forms" else False
    report = record.verify(data, bytes.fromhex(keys["words"]), forms)
    if report.answer == record.ESTABLISHED:
        demand(sum(len(log.tree) for log in report.logs), int(keys["entries"]), "entries")
    else:
        demand(report.first_code(), keys.get("code"), "code")
        if keys.get("at-fault") == "file":
            demand([one for one in report.faults if one.blame is not None], [], "a post at fault")
        raise Refused(report.first_code())


CHECKS = {
    "entry": _entry,
    "charter": _charter,
    "checkpoint": _checkpoint,
    "merkle": _merkle,
    "statement": _statement,
    "fork": _fork,
    "key-order": _key_order,
    "form": _form,
    "rendering": _rendering,
    "words": _words,
    "record": _record,
    "disclosure": _disclosure,
    "record-forms": _record,
}


def main(folder: Path) -> int:
    passed, failed = Counter(), 0
    for path in sorted(folder.glob("*/*.txt")):
        if path.parent.name in PASSED_OVER:
            continue
        try:
            run(path)
        except Exception as fault:  # a vector that breaks the verifier fails like any other
            print(f"vectors: {path.parent.name}/{path.name}: {fault!r}", file=sys.stderr)
            failed += 1
        else:
            passed[path.parent.name] += 1
    counts = ", ".join(f"{name} {count}" for name, count in sorted(passed.items()))
    print(f"vectors: {passed.total()} passed, {failed} failed ({counts})")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
