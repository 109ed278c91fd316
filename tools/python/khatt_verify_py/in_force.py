"""Which key orders are in force, under which charters (spec/key-order.md §4, §6)."""

from copy import deepcopy
from dataclasses import dataclass, replace

from . import charter_rules
from .charter import Charter, Officer
from .faults import Refused
from .key_order import ROOT, Order
from .party_keys import Generation, Keys

# What became of an order. A fork is taken note of, and whoever asks says of whom.
TAKEN, AGAIN, NOTHING, WAITS, HELD_BACK, FORKED = range(6)


@dataclass(frozen=True)
class Link:
    """An order in force and all who signed it, in whichever file."""

    order: Order
    signers: frozenset[int]
    by_quorum: bool


class InForce:
    """The keys of all parties of a line, by charters and orders."""

    def __init__(self, charter: Charter):
        self.charters = [charter]
        self.chains: list[list[Link]] = [[] for _ in charter.parties]
        # By party, the number of the first fork that holds its chain back, or 0.
        self.held_back = [0] * len(charter.parties)
        self.waiting: list[Order] = []
        self._keys: dict[tuple[int, int], Keys] = {}

    def copy(self) -> "InForce":
        other = InForce(self.charter)
        other.charters = list(self.charters)
        other.chains = [list(chain) for chain in self.chains]
        other.held_back = list(self.held_back)
        other.waiting = list(self.waiting)
        other._keys = dict(self._keys)
        return other

    @property
    def charter(self) -> Charter:
        return self.charters[-1]

    # --- What is in force ------------------------------------------------------------------------

    def keys(self, party: int, after: int | None = None) -> Keys:
        """A party's keys after so many of its orders, or after all."""
        chain = self.chains[party]
        after = len(chain) if after is None else after
        known = after
        while known and (party, known) not in self._keys:
            known -= 1
        for number in range(known, after + 1):
            if (party, number) in self._keys:
                continue
            if number:
                keys = deepcopy(self._keys[party, number - 1])
                keys.take(chain[number - 1].order, judged=True)
            else:
                keys = Keys.of(self.charters[0], party)
            for charter in self.charters[1:]:
                if charter.parties[party].orders == number:
                    keys.go_by(charter)
            self._keys[party, number] = keys
        return self._keys[party, after]

    def _of_post(self, post: int) -> Keys | None:
        posts = self.charter.posts
        return self.keys(posts[post].party) if post < len(posts) else None

    def generations(self, post: int) -> list[Generation]:
        keys = self._of_post(post)
        return keys.posts[post].generations if keys else []

    def is_cut_off(self, post: int) -> bool:
        keys = self._of_post(post)
        return bool(keys and keys.posts[post].cut_off)

    def officer(self, party: int, number: int) -> Officer | None:
        return self.keys(party).officers.get(number)

    # --- Orders ----------------------------------------------------------------------------------

    def take(self, order: Order) -> tuple[int, set[tuple[int, int]]]:
        """Takes an order, and those that waited for it: what became of it, and the forks that were shown."""
        forks = set()
        became = self._take(order)
        if became == WAITS:
            self.waiting.append(order)
        if became == FORKED:
            forks.add((order.party, order.number))
        moved = became == TAKEN
        while moved:
            waiting = sorted(self.waiting, key=lambda one: (one.party, one.number))
            self.waiting, moved = [], False
            for one in waiting:
                try:
                    later = self._take(one)
                except Refused:
                    continue
                if later == WAITS:
                    self.waiting.append(one)
                elif later == FORKED:
                    forks.add((one.party, one.number))
                moved |= later == TAKEN
        return became, forks

    def _take(self, order: Order) -> int:
        if order.line != self.charter.line:
            raise Refused("key-order.other-line")
        if order.party >= len(self.chains):
            raise Refused("key-order.other-party")
        chain = self.chains[order.party]
        if order.number > len(chain) + 1:
            return WAITS
        before = self.keys(order.party, order.number - 1)
        if order.number <= len(chain) and chain[order.number - 1].order.hash == order.hash:
            return self._again(order, before)
        if order.previous != before.previous:
            raise Refused("key-order.other-predecessor")
        signers = before.signers(order, self.charter.kind)
        if not before.is_signed(order, signers):
            raise Refused("key-order.unauthorised")
        new = Link(order, signers, before.by_quorum(signers))
        if order.number <= len(chain):
            contends = self._contend(chain[order.number - 1 :], new)
            if contends is not None:
                return contends
        forked = self.held_back[order.party]
        ends = order.change[0] == ROOT and new.by_quorum
        if forked and forked < order.number and not ends:
            return HELD_BACK
        deepcopy(before).take(order)
        self.chains[order.party] = [*chain[: order.number - 1], new]
        self.held_back[order.party] = 0
        for number in range(order.number, len(chain) + 1):
            self._keys.pop((order.party, number), None)
        return TAKEN

    def _contend(self, held: list[Link], new: Link) -> int | None:
        """What becomes of another body of a number in force; None if it takes its place. `held` is what is in force
        from that number on."""
        (first, *after), party = held, new.order.party
        settled = any(one.by_quorum for one in after)
        if first.by_quorum and not new.by_quorum or settled and not first.by_quorum:
            return NOTHING
        if new.by_quorum and not first.by_quorum:
            return None
        if not settled and all(one.order.change[0] != ROOT for one in held):
            number = new.order.number
            self.held_back[party] = min(number, self.held_back[party] or number)
        return FORKED

    def _again(self, order: Order, before: Keys) -> int:
        """The body in force, again: who signed this file is added to those who signed the other."""
        chain = self.chains[order.party]
        held = chain[order.number - 1]
        if held.by_quorum or order.signatures == held.order.signatures:
            return AGAIN
        signers = before.signers(order, self.charter.kind)
        if not before.is_signed(order, signers):
            raise Refused("key-order.unauthorised")
        signers |= held.signers
        merged = dict([*order.signatures, *held.order.signatures])
        chain[order.number - 1] = Link(
            replace(held.order, signatures=tuple(sorted(merged.items()))),
            signers,
            before.by_quorum(signers),
        )
        return AGAIN

    def forked_by(self, one: Order, two: Order) -> int:
        """The party against which two of its orders are proof (spec/fork.md §3), or a refusal."""
        if (one.party, one.number) != (two.party, two.number) or one.hash == two.hash:
            raise Refused("fork.no-contradiction")
        if one.party >= len(self.chains) or one.number > len(self.chains[one.party]) + 1:
            raise Refused("fork.orders-unknown")
        before = self.keys(one.party, one.number - 1)
        quorums = set()
        for order in (one, two):
            if order.line != self.charter.line or order.previous != before.previous:
                raise Refused("fork.other-predecessor")
            signers = before.signers(order, self.charter.kind)
            if not before.is_signed(order, signers):
                raise Refused("fork.unauthorised")
            quorums.add(before.by_quorum(signers))
        if len(quorums) > 1:
            raise Refused("fork.no-contradiction")
        return one.party

    # --- Charters --------------------------------------------------------------------------------

    def amend(self, new: Charter, now: bool) -> None:
        """Goes by the next charter, or refuses it. With `now`, root keys must be those in force now."""
        charter_rules.check_succession(self.charter, new)
        for party, row in enumerate(new.parties):
            if row.orders > len(self.chains[party]):
                raise Refused("amend.other-orders")
            base = self.keys(party, row.orders)
            if row.root != base.root or (now and row.root != self.keys(party).root):
                raise Refused("amend.other-root")
            self._check_kept(new, party, base)
        self.charters.append(new)
        self._keys.clear()

    def _check_kept(self, new: Charter, party: int, base: Keys) -> None:
        for number, post in base.posts.items():
            named = new.posts[number]
            if (named.generation, named.log_key, named.next_log_key) != (
                post.now.number,
                post.now.log_key,
                post.following,
            ):
                raise Refused("amend.unannounced-key")
        for number, post in enumerate(new.posts):
            if post.party == party and number not in base.posts and post.generation:
                raise Refused("amend.unannounced-key")
        for number in range(len(self.charter.officers)):
            officer, named = base.officers.get(number), new.officers[number]
            if officer and named.keys[: len(officer.keys)] != officer.keys:
                raise Refused("amend.other-officer")
