"""Tries both verifiers on changed record files and demands that they say the same.

Usage: corpus.py KHATT_VERIFY COUNT [--first SEED] [--keep FOLDER]

KHATT_VERIFY is the command, COUNT how many changes to try, in turn on records made here and on those of the
vectors: none depends on chance, so that a seed gives the same file for ever. Every difference, and every accepted file that says more
than the one it was made from, is printed with what makes it again: the record's name and the seed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import made_line
import mutations
from khatt_verify_py import record, vectors
from khatt_verify_py.forms import Forms

# Keys of the answer that both must give alike.
POST_KEYS = ("post", "name", "party", "entries", "signed", "root", "generation", "after_cut_off")
# Records of the vectors, and which of the records are refused as they are: the bodies in those of the vectors are no
# forms.
VECTORS = ("small", "cosigned", "key-life")
REFUSED = {"forks", *VECTORS}


class Theirs:
    """`khatt-verify --batch`, asked one file at a time."""

    def __init__(self, command: Path, path: Path, *more: str):
        self.path = path
        self.process = subprocess.Popen(
            [command, "--batch", *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __call__(self, data: bytes) -> dict:
        self.path.write_bytes(data)
        print(self.path, file=self.process.stdin, flush=True)
        row = self.process.stdout.readline()
        if not row:
            raise RuntimeError(f"khatt-verify ended with {self.process.wait()} on {self.path}")
        return json.loads(row)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


# `khatt-verify` lists no more faults than these.
MOST_LISTED = 256


def alike(ours: dict, theirs: dict) -> bool:
    if theirs.get("listed", True):
        return {**ours, "listed": True} == theirs
    ours, theirs = dict(ours), dict(theirs)
    return (
        set(theirs.pop("faults")) <= set(ours.pop("faults")) and {**ours, "listed": False} == theirs
    )


def said(summary: dict) -> dict:
    """What is compared of an answer: all but words and counts."""
    if "error" in summary:
        return {"answer": summary["answer"], "error": summary["error"]["code"], "listed": True}
    faults = {(f["log"], f["index"], f["code"], str(f["blame"])) for f in summary["faults"]}
    # A row of another type that is not of the subset may be told as either (spec/record-file.md §1).
    either = {"record-file.unknown-row": "record-file.malformed"}
    unreadable = [
        either.get(code, code) for _, _, code, _ in faults if code.startswith("record-file.")
    ]
    if unreadable:
        # What else is said of a file that stops being one is not settled (spec/verify.md §2).
        return {"answer": summary["answer"], "error": unreadable[0], "listed": True}
    return {
        "answer": summary["answer"],
        "listed": summary["fault_count"] <= MOST_LISTED,
        "faults": sorted(faults),
        "line": summary["line"],
        "charter": summary["charter"],
        "posts": [{key: post[key] for key in POST_KEYS} for post in summary["posts"]],
    }


def first_code(told: dict) -> str | None:
    return told.get("error") or next((fault[2] for fault in told["faults"]), None)


def bases() -> list[mutations.Base]:
    """The records that are changed: made here and those of the vectors, the same bytes each time.

    A change is found again by the record's name and the seed.
    """
    found = [
        mutations.base(name, made_line.write(rows()), True)
        for name, rows in (
            ("made", made_line.rows),
            ("orders", made_line.rows_with_orders),
            ("forms", made_line.rows_of_forms),
            ("forks", made_line.rows_with_forks),
        )
    ]
    for name in VECTORS:
        _, data = vectors.load(vectors.FOLDER / f"record/{name}.txt")
        found.append(mutations.base(name, data, False))
    return found


class Tally:
    def __init__(self, keep: Path | None):
        self.keep = keep
        self.counts: Counter = Counter()
        self.codes: Counter = Counter()

    def take(
        self, of: mutations.Base, seed: int, change: mutations.Change, ours: dict, theirs: dict
    ) -> None:
        self.counts["tried"] += 1
        self.codes[first_code(theirs) or "accepted"] += 1
        if ours["answer"] == theirs["answer"]:
            self.counts["answer"] += 1
        if first_code(ours) == first_code(theirs) or (
            alike(ours, theirs) and not theirs.get("listed", True)
        ):
            self.counts["first fault"] += 1
        if alike(ours, theirs):
            self.counts["all"] += 1
        else:
            self._tell("differ", of, seed, change, f"ours {brief(ours)}, theirs {brief(theirs)}")
        for who, told in (("ours", ours), ("theirs", theirs)):
            # Nobody without a key may put a post at fault (spec/verify.md §8).
            named = {blame for _, _, _, blame in told.get("faults", ())} - {"file"} - of.named
            if named and not change.signed:
                self.counts["framed"] += 1
                self._tell(f"FRAMED by {who}", of, seed, change, brief(told))
            if told["answer"] == record.REFUSED:
                continue
            if change.signed:
                self.counts["accepted, signed anew"] += 1
            elif mutations.says_no_more(of, change.data):
                self.counts["accepted, says less"] += 1
            else:
                self.counts["forged"] += 1
                self._tell(f"ACCEPTED by {who}", of, seed, change, "")

    def _tell(
        self, what: str, of: mutations.Base, seed: int, change: mutations.Change, more: str
    ) -> None:
        print(f"corpus: {what}: {of.name} {seed}: {change.what}: {more}")
        if self.keep:
            (self.keep / f"{Path(of.name).parent.name or of.name}-{seed}.khatt").write_bytes(
                change.data
            )

    def failed(self) -> bool:
        return self.counts["all"] != self.counts["tried"] or bool(
            self.counts["forged"] + self.counts["framed"]
        )


def brief(told: dict) -> str:
    """The faults as `code@log.number`, with a sign where the post is at fault."""
    faults = [
        f"{code.partition('.')[2]}@{log}.{index}{'' if blame == 'file' else '!'}"
        for log, index, code, blame in told.get("faults", ())
    ]
    return told.get("error") or " ".join([told["answer"], *faults])


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(usage=__doc__)
    asked.add_argument("command", type=Path)
    asked.add_argument("count", type=int)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--keep", type=Path)
    asked = asked.parse_args(arguments)
    forms, tally = Forms.shipped(), Tally(asked.keep)
    started, spent = time.monotonic(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        theirs = Theirs(asked.command, Path(folder) / "changed.khatt")
        tried = []
        for one in bases():
            ours, other = record.verify(one.data, None, forms).summary(), theirs(one.data)
            good = other["answer"] == record.CONSISTENT
            if not alike(said(ours), said(other)) or good == (one.name in REFUSED):
                print(f"corpus: {one.name} itself: ours {brief(said(ours))}, theirs {brief(said(other))}")
                return 1
            named = {fault[3] for fault in said(other)["faults"]} - {"file"}
            tried.append(replace(one, named=frozenset(named)))
        for seed in range(asked.first, asked.first + asked.count):
            # Most on the first two, which are small and hold everything.
            of = tried[seed % 2] if seed % 4 else tried[2 + seed // 4 % (len(tried) - 2)]
            change = mutations.change(of, seed)
            clock = time.perf_counter()
            ours = said(record.verify(change.data, None, forms).summary())
            between = time.perf_counter()
            other = said(theirs(change.data))
            spent["ours"] += between - clock
            spent["theirs"] += time.perf_counter() - between
            tally.take(of, seed, change, ours, other)
        theirs.close()
    counts = tally.counts
    print(
        f"corpus: {counts['tried']} changed records of {len(tried)}: same answer {counts['answer']}, "
        f"same first fault {counts['first fault']}, all alike {counts['all']}; "
        f"{len(tally.codes)} different codes; accepted: {counts['forged']} forged, "
        f"{counts['framed']} where a post is at fault for another's change, "
        f"{counts['accepted, says less']} that say less, "
        f"{counts['accepted, signed anew']} signed anew (by both: each counts twice); "
        f"{time.monotonic() - started:.0f} s (ours {spent['ours']:.0f}, khatt-verify {spent['theirs']:.0f})"
    )
    for code, count in tally.codes.most_common():
        print(f"    {count:6} {code}")
    return 1 if tally.failed() or not counts["tried"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
