"""A small neural network: 100 points, a hidden layer, ten digits. All its weights are one list of numbers."""
import json
import math
import os
import random
from operator import mul

from digits import POINTS

HIDDEN, DIGITS = 16, 10
# Each row has a bias at its end: the input is followed by a 1.
ROW, OUT_ROW = POINTS + 1, HIDDEN + 1
FIRST = HIDDEN * ROW
SIZE = FIRST + DIGITS * OUT_ROW


def beginning():
    chance = random.Random("weights")
    return [chance.gauss(0, 1 / math.sqrt(ROW)) for _ in range(FIRST)] + [chance.gauss(0, 1 / math.sqrt(OUT_ROW)) for _ in range(SIZE - FIRST)]


class Network:
    def __init__(self, weights):
        self.first = [weights[at:at + ROW] for at in range(0, FIRST, ROW)]
        self.second = [weights[at:at + OUT_ROW] for at in range(FIRST, SIZE, OUT_ROW)]

    def seen(self, picture):
        """What the hidden layer makes of it, and how likely each digit is."""
        given = picture + [1.0]
        hidden = [math.tanh(sum(map(mul, row, given))) for row in self.first] + [1.0]
        scores = [sum(map(mul, row, hidden)) for row in self.second]
        most = max(scores)
        powers = [math.exp(score - most) for score in scores]
        total = sum(powers)
        return hidden, [power / total for power in powers]

    def says(self, picture):
        _, likely = self.seen(picture)
        return likely.index(max(likely))

    def gradient(self, samples):
        """Sums over the samples: by how much the loss grows with each weight, and, last, the loss itself (cross entropy)."""
        first = [[0.0] * ROW for _ in self.first]
        second = [[0.0] * OUT_ROW for _ in self.second]
        loss = 0.0
        for picture, digit in samples:
            given = picture + [1.0]
            hidden, likely = self.seen(picture)
            loss -= math.log(max(likely[digit], 1e-300))
            likely[digit] -= 1.0
            for at, error in enumerate(likely):
                second[at] = [total + error * value for total, value in zip(second[at], hidden)]
            for at in range(HIDDEN):
                error = sum(wrong * row[at] for wrong, row in zip(likely, self.second)) * (1 - hidden[at] * hidden[at])
                first[at] = [total + error * value for total, value in zip(first[at], given)]
        return [value for row in first + second for value in row] + [loss]


def load(path):
    """What save() has written: weights, their velocity, and the epochs that they have seen."""
    with open(path, encoding="utf-8") as file:
        kept = json.load(file)
    if len(kept["weights"]) != SIZE:
        raise SystemExit(f"{path} has {len(kept['weights'])} weights, and this network {SIZE}")
    return kept


def save(path, kept):
    """Never half: whoever is stopped meanwhile finds the one of before."""
    with open(f"{path}.new", "w", encoding="utf-8") as file:
        json.dump(kept, file)
    os.replace(f"{path}.new", path)
