"""Adds up what price.py printed in all tasks, and prints a table: prices, their standard errors, Black-Scholes."""
import json
import math
import sys

SPOT, RATE, VOLATILITY = 100.0, 0.03, 0.25


def black_scholes(strike):
    """The price of the European call in closed form, for a year."""
    d1 = (math.log(SPOT / strike) + RATE + VOLATILITY**2 / 2) / VOLATILITY
    d2 = d1 - VOLATILITY
    return SPOT * normal(d1) - strike * math.exp(-RATE) * normal(d2)


def normal(x):
    return (1 + math.erf(x / math.sqrt(2))) / 2


def mean_and_error(total, squares, samples):
    mean = total / samples
    return mean, math.sqrt((squares / samples - mean * mean) / (samples - 1))


sums = {}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        part = json.load(file)
    row = sums.setdefault(part["strike"], [0, 0.0, 0.0, 0.0, 0.0])
    for at, value in enumerate([part["samples"], *part["european"], *part["asian"]]):
        row[at] += value

print("strike   samples   European       ±  Black-Scholes  deviation      Asian       ±")
for strike, (samples, total, squares, asian_total, asian_squares) in sorted(sums.items()):
    price, error = mean_and_error(total, squares, samples)
    asian, asian_error = mean_and_error(asian_total, asian_squares, samples)
    exact = black_scholes(strike)
    deviation = (price - exact) / error
    print(f"{strike:6.0f} {samples:9d} {price:10.4f} {error:7.4f} {exact:14.4f} {deviation:+10.1f} {asian:10.4f} {asian_error:7.4f}")
print("±: one standard error; the deviation of European from Black-Scholes is counted in it")
