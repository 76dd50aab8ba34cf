"""Draws one frame of the film by following rays: three balls that circle above a floor, with shadows and reflections.

Usage: frame.py FRAME FRAMES WIDTHxHEIGHT FILE. The last frame leads over to the first.
"""
import math
import sys

import png

SUN = (0.48, 0.72, -0.5)
EYE, SIGHT = (0.0, 1.7, -5.2), 1.6
SAMPLES = 2
BOUNCES = 2
NEAR = 1e-4
# Colour and how much of it is a mirror.
FLOOR = ((0.85, 0.82, 0.76), (0.25, 0.3, 0.38), 0.12)
BALLS = [((0.92, 0.35, 0.25), 0.15), ((0.3, 0.6, 0.9), 0.3), ((0.95, 0.8, 0.35), 0.5)]


def balls_at(turn):
    """Centre, radius, colour, mirror of each; they jump once, twice and thrice while they circle."""
    for at, (colour, mirror) in enumerate(BALLS):
        angle = 2 * math.pi * (turn + at / len(BALLS))
        radius = 0.75 - 0.1 * at
        jump = 0.55 * abs(math.sin(math.pi * (at + 1) * turn))
        yield (1.5 * math.cos(angle), radius + jump, 1.5 * math.sin(angle)), radius, colour, mirror


def nearest(balls, start, way):
    """(how far, which ball) or None. A way has the length 1."""
    found = None
    for ball in balls:
        (x, y, z), radius = ball[0], ball[1]
        x, y, z = start[0] - x, start[1] - y, start[2] - z
        half = x * way[0] + y * way[1] + z * way[2]
        root = half * half - (x * x + y * y + z * z - radius * radius)
        if root > 0:
            far = -half - math.sqrt(root)
            if far > NEAR and (found is None or far < found[0]):
                found = (far, ball)
    return found


def light(balls, start, way, bounces):
    """The colour that comes from there."""
    hit = nearest(balls, start, way)
    if hit is not None:
        far, (centre, radius, colour, mirror) = hit
        place = tuple(a + far * b for a, b in zip(start, way))
        normal = tuple((a - b) / radius for a, b in zip(place, centre))
    elif way[1] < -NEAR:
        far = -start[1] / way[1]
        place, normal = (start[0] + far * way[0], 0.0, start[2] + far * way[2]), (0.0, 1.0, 0.0)
        colour, mirror = FLOOR[(math.floor(place[0]) + math.floor(place[2])) % 2], FLOOR[2]
    else:
        return (0.55 - 0.3 * way[1], 0.7 - 0.2 * way[1], 0.9)
    facing = max(sum(a * b for a, b in zip(normal, SUN)), 0.0)
    if facing > 0 and nearest(balls, place, SUN) is not None:
        facing = 0.0
    bright = 0.28 + 0.78 * facing
    seen = tuple(bright * part for part in colour)
    if bounces > 0:
        straight = 2 * sum(a * b for a, b in zip(way, normal))
        back = light(balls, place, tuple(a - straight * b for a, b in zip(way, normal)), bounces - 1)
        seen = tuple((1 - mirror) * a + mirror * b for a, b in zip(seen, back))
    # What is far away is in the haze.
    haze = 1 - math.exp(-0.035 * far)
    return tuple((1 - haze) * a + haze * b for a, b in zip(seen, (0.62, 0.74, 0.9)))


def frame(turn, width, height):
    balls = list(balls_at(turn))
    for row in range(height):
        line = bytearray()
        for column in range(width):
            total = (0.0, 0.0, 0.0)
            for sample in range(SAMPLES * SAMPLES):
                x = (column + (sample % SAMPLES + 0.5) / SAMPLES - width / 2) / height
                y = (height / 2 - row - (sample // SAMPLES + 0.5) / SAMPLES) / height - 0.32
                length = math.sqrt(x * x + y * y + SIGHT * SIGHT)
                total = tuple(a + b for a, b in zip(total, light(balls, EYE, (x / length, y / length, SIGHT / length), BOUNCES)))
            line += bytes(min(round(255 * part / SAMPLES**2), 255) for part in total)
        yield line


number, frames = int(sys.argv[1]), int(sys.argv[2])
width, height = map(int, sys.argv[3].split("x"))
with open(sys.argv[4], "wb") as file:
    file.write(png.encoded(list(frame((number - 1) / frames, width, height))))
