"""Digits as somebody might write them: strokes, turned, stretched and moved a little, drawn on 10 x 10 points, with noise."""
import math
import random

SIDE = 10
POINTS = SIDE * SIDE
STROKES = {
    0: [[(0.5, 0.1), (0.8, 0.3), (0.8, 0.7), (0.5, 0.9), (0.2, 0.7), (0.2, 0.3), (0.5, 0.1)]],
    1: [[(0.3, 0.3), (0.55, 0.1), (0.55, 0.9)]],
    2: [[(0.2, 0.3), (0.5, 0.1), (0.8, 0.3), (0.2, 0.9), (0.8, 0.9)]],
    3: [[(0.2, 0.15), (0.7, 0.15), (0.8, 0.3), (0.45, 0.5), (0.8, 0.7), (0.6, 0.9), (0.2, 0.85)]],
    4: [[(0.65, 0.9), (0.65, 0.1), (0.2, 0.65), (0.85, 0.65)]],
    5: [[(0.8, 0.1), (0.25, 0.1), (0.25, 0.45), (0.7, 0.5), (0.75, 0.75), (0.5, 0.9), (0.2, 0.85)]],
    6: [[(0.7, 0.1), (0.3, 0.45), (0.25, 0.75), (0.5, 0.9), (0.75, 0.7), (0.5, 0.5), (0.27, 0.65)]],
    7: [[(0.2, 0.1), (0.8, 0.1), (0.4, 0.9)]],
    8: [[(0.5, 0.5), (0.25, 0.3), (0.5, 0.1), (0.75, 0.3), (0.5, 0.5), (0.2, 0.7), (0.5, 0.9), (0.8, 0.7), (0.5, 0.5)]],
    9: [[(0.75, 0.35), (0.5, 0.5), (0.27, 0.3), (0.5, 0.1), (0.75, 0.35), (0.65, 0.9)]],
}
NOISE = 0.12


def digit(kind, number):
    """(ten times ten values from 0 to 1, which digit it is): always the same ones for a kind ("train", "new") and number."""
    chance = random.Random(f"{kind}/{number}")
    is_digit = chance.randrange(10)
    angle, lean = chance.gauss(0, 0.16), chance.gauss(0, 0.15)
    width, height = chance.uniform(0.7, 1.05), chance.uniform(0.75, 1.05)
    right, down = chance.gauss(0, 0.05), chance.gauss(0, 0.05)
    thickness = chance.uniform(0.05, 0.1)

    def moved(point):
        x, y = (point[0] - 0.5) * width, (point[1] - 0.5) * height
        x += lean * y
        return (0.5 + right + x * math.cos(angle) - y * math.sin(angle), 0.5 + down + x * math.sin(angle) + y * math.cos(angle))

    lines = [pair for stroke in STROKES[is_digit] for pair in zip(map(moved, stroke), map(moved, stroke[1:]))]
    picture = []
    for row in range(SIDE):
        for column in range(SIDE):
            away = min(distance((column + 0.5) / SIDE, (row + 0.5) / SIDE, *line) for line in lines)
            ink = min(max(1.5 - away / thickness, 0.0), 1.0)
            picture.append(min(max(ink + chance.gauss(0, NOISE), 0.0), 1.0))
    return picture, is_digit


def distance(x, y, start, end):
    """Of a point to a line between two points."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    share = ((x - start[0]) * along_x + (y - start[1]) * along_y) / (along_x * along_x + along_y * along_y)
    share = min(max(share, 0.0), 1.0)
    return math.hypot(x - start[0] - share * along_x, y - start[1] - share * along_y)
