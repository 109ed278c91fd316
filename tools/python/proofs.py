"""Tries both verifiers on changed disclosures and demands that they say the same.

Usage: proofs.py KHATT_VERIFY COUNT [RECORD...] [--first SEED] [--keep FOLDER]

The disclosures are made here, of messages of the lines of `made_line` and of each RECORD (a rehearsal's
`record.khatt`). Every difference, and every accepted file that says more than the one it was made from, is
printed with what makes it again.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import corpus
import made_disclosure
import made_line
import proof_mutations
from khatt_verify_py import charter_rules, disclosure, record
from khatt_verify_py.forms import Forms
from proof_mutations import Base

# What only `khatt-verify` tells: words.
WORDS = ("texts",)


def said(summary: dict) -> dict:
    """What is compared of an answer: all but words."""
    if "error" in summary:
        return {"answer": summary["answer"], "error": summary["error"]["code"]}
    return {key: value for key, value in summary.items() if key not in WORDS}


def bases(records: list[Path]) -> list[list[Base]]:
    """Disclosures by line."""
    made = []
    for rows in (made_line.rows(), made_line.rows_of_forms()):
        line = made_disclosure.Source(rows).charter
        made += [Base(f"made {name}", parts, line) for name, parts in made_disclosure.made(rows)]
    lines = [made]
    for path in records:
        source = made_disclosure.Source(made_line.read(path.read_bytes()))
        found = [
            # Enclosing the charter lets all checks be made with no charter given.
            Base(f"{path} {log}/{index}", source.disclose(log, index, n % 2 == 0, n % 4 != 3), None)
            for n, (log, index) in enumerate(source.messages()[:64])
        ]
        lines.append(found)
    return lines


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(usage=__doc__)
    asked.add_argument("command", type=Path)
    asked.add_argument("count", type=int)
    asked.add_argument("records", type=Path, nargs="*")
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--keep", type=Path)
    asked = asked.parse_args(arguments)
    forms, lines = Forms.shipped(), bases(asked.records)
    counts, codes, started = Counter(), Counter(), time.monotonic()
    given = charter_rules.load(made_disclosure.Source(made_line.rows()).file)
    with tempfile.TemporaryDirectory() as folder:
        path, line = Path(folder) / "changed.tlog-proof", Path(folder) / "line.charter"
        line.write_bytes(made_disclosure.Source(made_line.rows()).file)
        ask = {None: corpus.Theirs(asked.command, path)}
        ask[given] = corpus.Theirs(asked.command, path, "--charter", str(line))

        def both(data: bytes, anchor: object) -> tuple[dict, dict]:
            if data.startswith(disclosure.BEGINS):
                found = disclosure.verify(data, anchor, forms)
            else:
                # Taken for a record, and for none.
                found = record.verify(data, anchor and anchor.hash, forms)
            return said(found.summary()), said(ask[anchor](data))

        def tell(what: str, of: Base, seed: int, more: str, data: bytes) -> None:
            print(f"proofs: {what}: {of.name} {seed}: {more}")
            if asked.keep:
                (asked.keep / f"{seed}.tlog-proof").write_bytes(data)

        for one in (one for some in lines for one in some):
            for anchor in (given, None) if one.charter else (None,):
                ours, theirs = both(one.data, anchor)
                if ours != theirs or ours["answer"] == disclosure.REFUSED:
                    tell("unchanged", one, -1, f"ours {ours}, theirs {theirs}", one.data)
                    counts["bad"] += 1
        for seed in range(asked.first, asked.first + asked.count):
            # Half on the first line, whose keys are known.
            some = lines[0] if seed % 2 else lines[seed // 2 % len(lines)]
            of = some[seed // 2 % len(some)]
            anchor = given if of.charter and seed % 4 != 3 else None
            change = proof_mutations.change(of, some, seed)
            ours, theirs = both(change.data, anchor)
            counts["tried"] += 1
            codes[theirs.get("error", "accepted")] += 1
            counts["answer"] += ours["answer"] == theirs["answer"]
            if ours == theirs:
                counts["all"] += 1
            else:
                tell("differ", of, seed, f"{change.what}: {ours}, theirs {theirs}", change.data)
            if theirs["answer"] == disclosure.REFUSED:
                continue
            read = disclosure.read(change.data)
            if change.signed:
                counts["signed"] += 1
            elif proof_mutations.says_no_more(of, some, read):
                counts["less"] += 1
            else:
                counts["forged"] += 1
                tell("ACCEPTED", of, seed, change.what, change.data)
        for one in ask.values():
            one.close()
    print(
        f"proofs: {counts['tried']} changed disclosures of {sum(map(len, lines))}: same answer {counts['answer']}, all alike "
        f"{counts['all']}; {len(codes)} different codes; accepted: {counts['forged']} forged, {counts['less']} that say no "
        f"more, {counts['signed']} signed anew; {time.monotonic() - started:.0f} s"
    )
    for code, count in codes.most_common():
        print(f"    {count:6} {code}")
    alike = counts["all"] == counts["tried"] > 0
    return 0 if alike and not counts["forged"] and not counts["bad"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
