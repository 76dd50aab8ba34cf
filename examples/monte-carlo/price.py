"""Simulates paths of a stock and prints, as one line of JSON, sums of the discounted payoffs of two calls on it.

Both run for a year at the strike given. The European one pays by the last price, and has a closed formula. The Asian
one pays by the mean of the twelve month ends, and has none: it is why one simulates. Each path is used a second time
with its shocks turned round (antithetic variates); the mean of the two payoffs is one sample.
"""
import argparse
import json
import math
import random

SPOT, RATE, VOLATILITY, MONTHS = 100.0, 0.03, 0.25, 12


def month_ends(shocks):
    """Prices of the stock at the end of each month, by geometric Brownian motion."""
    step = 1.0 / MONTHS
    drift = (RATE - VOLATILITY**2 / 2) * step
    spread = VOLATILITY * math.sqrt(step)
    price = SPOT
    for shock in shocks:
        price *= math.exp(drift + spread * shock)
        yield price


def payoffs(strike, shocks):
    prices = list(month_ends(shocks))
    return max(prices[-1] - strike, 0.0), max(sum(prices) / MONTHS - strike, 0.0)


def simulate(strike, seed, paths):
    # Numbers of one strike and seed are not those of another.
    chance = random.Random(f"{strike}/{seed}")
    discount = math.exp(-RATE)
    sums = {"european": [0.0, 0.0], "asian": [0.0, 0.0]}
    for _ in range(paths):
        shocks = [chance.gauss(0, 1) for _ in range(MONTHS)]
        there, turned = payoffs(strike, shocks), payoffs(strike, [-shock for shock in shocks])
        for kind, one, other in zip(sums, there, turned):
            sample = discount * (one + other) / 2
            sums[kind][0] += sample
            sums[kind][1] += sample * sample
    return {"strike": strike, "samples": paths, **sums}


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--strike", type=float, required=True)
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--paths", type=int, default=20_000)
given = parser.parse_args()
print(json.dumps(simulate(given.strike, given.seed, given.paths)))
