"""By which keys one post wrote its log, and in which generations (spec/key-order.md §4, §7)."""

from collections.abc import Iterator

from . import checkpoint
from .entry import Seen
from .faults import Refused
from .in_force import InForce
from .key_order import GENERATION, Order
from .party_keys import Generation

# (log, index) of the entry that holds an order, and the order.
Placed = tuple[tuple[int, int], Order]


class View:
    """What one post went by: the orders that it wrote or had seen, under the charter that it went by."""

    def __init__(self, keys: InForce):
        self.keys = keys
        self.taken: set[tuple[int, int]] = set()
        self.cut_off: set[int] = set()

    def learn(self, seen: tuple[Seen, ...], orders: list[Placed]) -> None:
        """Brings into force what an entry has seen of other logs."""
        new = [
            (place, order)
            for place, order in orders
            if place not in self.taken and place[0] < len(seen) and seen[place[0]].holds(place[1])
        ]
        for place, order in sorted(new, key=lambda one: (one[1].party, one[1].number, one[0])):
            self.taken.add(place)
            try:
                self.keys.take(order)
            except Refused:
                pass  # told where the order stands

    def take_own(self, place: tuple[int, int], order: Order) -> bool:
        """Takes an order of the post's own log; tells whether it may stand there."""
        self.taken.add(place)
        try:
            self.keys.take(order)
        except Refused:
            return False
        return True

    def newly_cut_off(self) -> set[int]:
        """The posts that this one has just learned to be cut off."""
        now = {n for n in range(len(self.keys.charter.posts)) if self.keys.is_cut_off(n)}
        new, self.cut_off = now - self.cut_off, now
        return new


class Generations:
    """The generations of one log, as the log itself began them."""

    def __init__(self, line: bytes, kind: int, number: int, first: Generation):
        self.line, self.kind, self.number = line, kind, number
        self.begun: list[tuple[int, Generation]] = [(0, first)]
        self.cut_at: int | None = None
        self.after_before = 0

    @property
    def now(self) -> Generation:
        return self.begun[-1][1]

    def origin(self, generation: Generation) -> str:
        return checkpoint.origin(self.line, self.kind, self.number, generation.number)

    def at(self, size: int) -> Generation:
        """The generation that signs the log at a size."""
        return next(
            (one for start, one in reversed(self.begun) if start < size), self.begun[0][1]
        )

    def ended(self, size: int) -> list[Generation]:
        """Those whose signature at a size counts for nothing."""
        return [one for _, one in self.begun if one.number < self.at(size).number]

    def check(
        self, index: int, order: Order | None, cut_off: bool, keys: InForce
    ) -> Iterator[str]:
        """Judges an entry by what its author knew of its own post, and begins a generation where it does.

        `cut_off` says whether the post was before this entry, `keys` are those after it.
        """
        known = keys.generations(self.number)[-1]
        if known.number > self.now.number:
            if order and order.change[:3] == (GENERATION, self.number, known.number):
                self.begun.append((index, known))
                self.after_before, self.cut_at = self.after(index), None
            else:
                yield "verify.generation-ended"
        elif cut_off:
            yield "verify.cut-off"

    def cut_off(self, by: InForce, held: int) -> None:
        """Another post has learned that this log was cut off, holding so many of its entries."""
        if by.generations(self.number)[-1].number == self.now.number:
            self.cut_at = max(held, self.cut_at or 0)

    def after(self, size: int) -> int:
        """How many entries no other post had seen when it learned of that."""
        since = 0 if self.cut_at is None else max(size - self.cut_at, 0)
        return self.after_before + since
