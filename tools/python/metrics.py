"""Reads a post's metrics with Prometheus' own parser and demands that they are what the page promises.

Usage: metrics.py [FILE]        FILE defaults to target/interop/metrics.txt

Every row must parse; every family must have a help text, a type and at least one sample; counters end in
`_total`; no sample stands twice; labels are only the ones named here, so no name or text can hide in one.
"""

import sys
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

LABELS = {"post", "class", "seen"}
WANTED = {
    "khatt_up", "khatt_halted", "khatt_restored", "khatt_peer_connected", "khatt_alarms", "khatt_drafts",
    "khatt_disk_free_bytes", "khatt_ballast_bytes", "khatt_store_syncs", "khatt_epoch_age_seconds",
}


class Refused(Exception):
    """The metrics are not what the page promises."""


def check(text: str) -> dict:
    """Returns the families by name, or raises Refused."""
    families, seen = {}, set()
    try:
        parsed = list(text_string_to_metric_families(text))
    except Exception as fault:  # The parser raises several kinds; all of them mean the same here.
        raise Refused(f"the parser cannot read it: {fault}") from fault
    for family in parsed:
        if family.name in families:
            raise Refused(f"{family.name} stands twice")
        if not family.documentation or family.type not in ("gauge", "counter"):
            raise Refused(f"{family.name} has no help or type")
        if not family.samples or not family.name.startswith("khatt_"):
            raise Refused(f"{family.name} is not ours or has no sample")
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            if key in seen:
                raise Refused(f"{key} stands twice")
            seen.add(key)
            if family.type == "counter" and not sample.name.endswith("_total"):
                raise Refused(f"{sample.name} counts and does not say so")
            if set(sample.labels) - LABELS:
                raise Refused(f"{sample.name} has another label")
            if not all(len(value) <= 3 for value in sample.labels.values()) or sample.value < 0:
                raise Refused(f"{sample.name} says more than a number")
        families[family.name] = family
    if missing := WANTED - set(families):
        raise Refused(f"lacks {sorted(missing)}")
    return families


def main() -> int:
    default = Path(__file__).resolve().parents[2] / "target" / "interop" / "metrics.txt"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    text = path.read_text(encoding="utf-8")
    families = check(text)
    # A check that accepts everything fails: each change must be refused.
    row = "khatt_halted 0\n"
    for altered in (text.replace(row, "khatt_halted nothing\n"), text.replace(row, row + row),
                    text.replace(row, 'khatt_halted{name="North"} 0\n'), text.replace("# TYPE khatt_up gauge\n", "")):
        if altered == text:
            raise Refused("the file has no row to alter")
        try:
            check(altered)
        except Refused:
            continue
        raise Refused("an altered file was taken")
    print(f"{len(families)} families, {sum(len(f.samples) for f in families.values())} samples")
    return 0


if __name__ == "__main__":
    sys.exit(main())
