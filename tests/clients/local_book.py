"""A local book as a client keeps it: a snapshot, then differences, in the documented steps.

The same code follows recorded captures of Binance and our own streams.
"""
from decimal import Decimal


class Gap(Exception):
    """A difference is missing: begin again with a snapshot."""


class LocalBook:
    """`futures` chooses that market's rule for joining (by `pu`)."""

    def __init__(self, futures=False):
        self.futures = futures
        self.levels = {"b": {}, "a": {}}
        self.last = None
        self.is_joined = False
        self.waiting = []

    def snapshot(self, depth):
        """Starts from a snapshot and takes what was buffered; the ids that were applied."""
        self.levels = {
            "b": {Decimal(price): qty for price, qty in depth["bids"]},
            "a": {Decimal(price): qty for price, qty in depth["asks"]},
        }
        self.last, self.is_joined = depth["lastUpdateId"], False
        waiting, self.waiting = self.waiting, []
        return [event["u"] for event in waiting if self.take(event)]

    def take(self, event):
        """Takes one difference; true when it was applied."""
        if self.last is None:
            self.waiting.append(event)
            return False
        if event["u"] <= self.last and not self.is_joined:
            return False
        if self.is_joined:
            follows = event["pu"] == self.last if self.futures else event["U"] == self.last + 1
        else:
            first = self.last if self.futures else self.last + 1
            follows = event["U"] <= first <= event["u"]
        if not follows:
            raise Gap(f"{event['U']} to {event['u']} after {self.last}")
        self.is_joined = True
        for side, levels in self.levels.items():
            for price, qty in event[side]:
                if Decimal(qty) == 0:
                    levels.pop(Decimal(price), None)
                else:
                    levels[Decimal(price)] = qty
        self.last = event["u"]
        return True

    def best(self):
        """Best bid and ask as (price, quantity), in numbers."""
        bids, asks = self.levels["b"], self.levels["a"]
        bid, ask = max(bids, default=None), min(asks, default=None)
        return tuple(
            (price, Decimal(side[price])) if side else (Decimal(0), Decimal(0))
            for price, side in ((bid, bids), (ask, asks)))

    def sides(self):
        """Both sides as a snapshot has them: texts, best first."""
        text, (bids, asks) = "{:.8f}".format, (self.levels["b"], self.levels["a"])
        return {
            "bids": [[text(price), bids[price]] for price in sorted(bids, reverse=True)],
            "asks": [[text(price), asks[price]] for price in sorted(asks)],
        }
