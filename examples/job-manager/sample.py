"""Counts random points of squares that stay in the Mandelbrot set. Usage: sample.py ITERATIONS POINTS X,Y,SIZE…

Prints a line for each square: how many of the points do not escape. The points follow from the square alone.
"""
import random
import sys


def stays(x, y, iterations):
    # The two largest parts of the set are known in closed form.
    q = (x - 0.25) ** 2 + y * y
    if q * (q + x - 0.25) <= 0.25 * y * y or (x + 1) ** 2 + y * y <= 0.0625:
        return True
    c = complex(x, y)
    z = mark = c
    for step in range(1, iterations):
        z = z * z + c
        if z.real * z.real + z.imag * z.imag > 4:
            return False
        # A point that comes back to where it was stays for ever.
        if z == mark:
            return True
        if step & (step - 1) == 0:
            mark = z
    return True


iterations, points = int(sys.argv[1]), int(sys.argv[2])
for square in sys.argv[3:]:
    left, bottom, size = map(float, square.split(","))
    chance = random.Random(square)
    print(sum(stays(left + size * chance.random(), bottom + size * chance.random(), iterations) for _ in range(points)))
