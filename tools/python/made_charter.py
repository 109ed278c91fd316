"""A line whose every secret is known: its charters and messages, signed (see `made_line`)."""

from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import hpke_open
from khatt_verify_py import cbor, entry, statement, vectors
from khatt_verify_py.body import LANGUAGES
from khatt_verify_py.charter import Charter, signed_text

FORMS = Path(__file__).resolve().parents[2] / "forms"
OPENED_MS = 1_700_000_000_000
ROOTS, LOGS, COSIGNERS, CONNECTIONS, NEXT, OFFICERS = (
    (1, 2),
    (11, 12, 13),
    (21, 22, 23),
    (31, 32, 33),
    41,
    50,
)


def secret(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def public(number: int) -> bytes:
    return secret(number).public_key().public_bytes_raw()


def form_hash(label: bytes, name: str) -> bytes:
    return sha256(label + b"\0" + (FORMS / name).read_bytes()).digest()


def post(number: int, name: str) -> tuple:
    keys = (public(some[number]) for some in (LOGS, COSIGNERS, CONNECTIONS))
    following = sha256(public(NEXT + number)).digest()
    pq_key = bytes([80 + number]) * (1312 if number < 2 else 0)
    prekey = hpke_open.public(bytes([60 + number]) * 32)
    return (
        number % 2,
        name,
        0,
        *keys,
        prekey,
        following,
        pq_key,
        (f"{name.split()[0].lower()}:4433",),
    )


def charter_items(replaces: object = 0, posts: int = 2) -> tuple:
    titles = ("watch", "duty", "chief", "clerk")
    roles = (1, 2, 32, 4 + 8)
    officers = tuple(
        (n // 4, f"{side} {titles[n % 4]}", roles[n % 4], (b"\x01" + public(OFFICERS + n),))
        for n, side in enumerate(["North"] * 4 + ["South"] * 4)
    )
    files = {}
    for path in FORMS.glob("*.toml"):
        if path.name not in ("glossary.toml", "gazetteer.toml"):
            number = next(
                row
                for row in path.read_text(encoding="utf-8").splitlines()
                if row.startswith("number")
            )
            files[int(number.split("=")[1])] = path.name
    return (
        1,
        1,
        1,
        b"\x05" * 16,
        OPENED_MS,
        (
            ("North", public(1), 2, (public(91), public(92), public(93)), 0),
            ("South", public(2), 0, (), 0),
        ),
        tuple(
            post(n, name)
            for n, name in enumerate(("North watch", "South watch", "North relief")[:posts])
        ),
        officers,
        ((2, 1), (2, 0), (1, 0), (1, 0)),
        LANGUAGES,
        tuple((n, 1, form_hash(b"khatt form v1", name)) for n, name in sorted(files.items())),
        form_hash(b"khatt glossary v1", "glossary.toml"),
        form_hash(b"khatt gazetteer v1", "gazetteer.toml"),
        ((60, 120, 600),) * 4,
        (3600, 300),
        (65_536, 10_000, 100_000_000, 60),
        (("Harbour", public(5), ("harbour:4433",)),),
        (),
        ((0,), (18,)),
        replaces,
    )


def charter_file(items: tuple, signers: tuple[int, ...] = ROOTS) -> bytes:
    """A charter signed by each of the root keys, in the parties' order."""
    data = cbor.write(items)
    text = signed_text(items[2], sha256(data).digest())
    signatures = tuple((n, secret(root).sign(text)) for n, root in enumerate(signers))
    return cbor.write((1, data, signatures))


def order_file(
    line: Charter, party: int, number: int, previous: bytes, change: tuple, signed: tuple = ()
) -> bytes:
    """A party's key order, signed by `(signer, secret)`: by its first root key, if nobody else is named."""
    body = cbor.write((1, line.line, party, number, previous, OPENED_MS + 500, change))
    text = b"khatt/1 key order\0" + bytes([line.kind]) + line.line + sha256(body).digest()
    signed = signed or ((0, ROOTS[party]),)
    return cbor.write((1, body, tuple((signer, secret(key).sign(text)) for signer, key in signed)))


def generation(post: int, number: int) -> tuple:
    """The change that gives a post its next generation, under the key that was announced."""
    keys = (public(NEXT + post), sha256(public(110 + post)).digest())
    prekey = hpke_open.public(bytes([75]) * 32)
    return (2, post, number, *keys, bytes([84]) * 1312, public(98), prekey, ("north:4434",))


def standing_on(items: tuple, orders: tuple, posts: dict, officers: dict) -> tuple:
    """A charter's items, on so many orders of each party, with other posts and officers' keys."""
    parties = tuple((*row[:4], count) for row, count in zip(items[5], orders))
    rows = tuple(posts.get(n, row) for n, row in enumerate(items[6]))
    titles = tuple(
        (*row[:3], (b"\x01" + public(officers[n]),)) if n in officers else row
        for n, row in enumerate(items[7])
    )
    return (*items[:5], parties, rows, titles, *items[8:])


# --- Messages ------------------------------------------------------------------------------------


def bodies() -> list[bytes]:
    """Filled forms of this line: those of the vectors, and of many alike the first."""
    found = {}
    for path in sorted((vectors.FOLDER / "form").glob("*.txt")):
        keys, data = vectors.load(path)
        if keys["expect"] == "accept":
            found.setdefault(path.name.rpartition("-")[0], data)
    return list(found.values())


def sign(
    charter: Charter, author: int, items: tuple, seed: bytes, officers: list[tuple[int, ...]]
) -> bytes:
    """Encoded signatures of `(officer, role, ahead)` over a message whose leaf has these items.

    An officer's secret may stand behind; it is that of the first charter, if it does not.
    """
    head = entry.Entry(items[1], items[2], (), items[4:])
    encoded = []
    for officer, role, ahead, *key in officers:
        not_after = (items[2] // 1000 + ahead) * 1000
        hashed = statement.statement(
            charter.line, charter.kind, author, items[4], entry.expand(seed, b"draft"),
            statement.digest(head), role, not_after,
        )  # fmt: skip
        signs = secret(key[0] if key else OFFICERS + officer)
        signature = signs.sign(statement.signed_bytes(officer, 0, hashed))
        encoded.append((officer, 0, role, ahead, 1, signature))
    return cbor.write(tuple(encoded))


def commit(
    charter: Charter, author: int, items: tuple, opened: tuple, officers: object
) -> tuple[tuple, tuple]:
    """A message's items and open part with the commitments, and with `officers` the signatures, made right."""
    seed, body, auth = opened
    c_body = entry.body_commitment(entry.expand(seed, b"body"), body)
    items = (*items[:7], c_body, items[8])
    if officers is not None:
        auth = sign(charter, author, items, seed, officers)
    c_auth = entry.auth_commitment(entry.expand(seed, b"auth"), auth)
    return (*items[:8], c_auth), (seed, body, auth)
