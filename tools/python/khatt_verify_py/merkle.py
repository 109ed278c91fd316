"""The tree over a log: RFC 6962 §2.1 with SHA-256, and its proofs (spec/checkpoint.md §2, §4)."""

from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing tree that knows its root at every size it had."""

    def __init__(self):
        self.edge: list[tuple[int, bytes]] = []  # full subtrees from the left, with their heights
        self.roots = [EMPTY]

    def __len__(self) -> int:
        return len(self.roots) - 1

    def append(self, leaf: bytes) -> None:
        height, right = 0, leaf
        while self.edge and self.edge[-1][0] == height:
            right = node(self.edge.pop()[1], right)
            height += 1
        self.edge.append((height, right))
        root = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            root = node(left, root)
        self.roots.append(root)


def included(leaf: bytes, index: int, size: int, hashes: list[bytes], root: bytes) -> bool:
    return root_of(leaf, index, size, hashes) == root


def root_of(leaf: bytes, index: int, size: int, hashes: list[bytes]) -> bytes | None:
    """RFC 9162 §2.1.3.2: the root to which hashes lead, if they are as many as that place has."""
    if index >= size:
        return None
    first, last, value = index, size - 1, leaf
    for one in hashes:
        if last == 0:
            return None
        if first & 1 or first == last:
            value = node(one, value)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            value = node(value, one)
        first, last = first >> 1, last >> 1
    return value if last == 0 else None


def consistent(old: int, old_root: bytes, new: int, new_root: bytes, hashes: list[bytes]) -> bool:
    """RFC 9162 §2.1.4.2, with size 0 and equal sizes as spec/checkpoint.md §4 has them."""
    if old > new:
        return False
    if old == 0:
        return not hashes and old_root == EMPTY and (new > 0 or new_root == EMPTY)
    if old == new:
        return not hashes and old_root == new_root
    path = list(hashes)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    one = two = path[0]
    for value in path[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            one, two = node(value, one), node(value, two)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            two = node(two, value)
        first, last = first >> 1, last >> 1
    return last == 0 and one == old_root and two == new_root
