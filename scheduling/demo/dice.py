"""Chance that costs little: an examination throws these dice two hundred times, and a million are loaded."""

import random
from bisect import bisect
from itertools import accumulate


class Dice(random.Random):
    """As random.Random, for short sequences and small numbers: one `random()` each, no rejected bits.

    The share of a value differs from an equal one by less than 1 in 2**40, which nobody sees.
    """

    def choice(self, seq):
        return seq[int(self.random() * len(seq))]

    def randrange(self, start, stop=None, step=1):
        if stop is None:
            start, stop = 0, start
        return start + step * int(self.random() * ((stop - start + step - 1) // step))

    def shuffled(self, values):
        """The values in any order, one by one: whoever takes the first few does not pay for the others."""
        left = list(values)
        while left:
            place = int(self.random() * len(left))
            left[place], left[-1] = left[-1], left[place]
            yield left.pop()


class Weighted:
    """Values with shares that are added up once; `throw(dice)` takes one of them."""

    def __init__(self, values, shares):
        self._values, self._limits = list(values), list(accumulate(shares))

    def throw(self, dice):
        return self._values[bisect(self._limits, dice.random() * self._limits[-1])]
