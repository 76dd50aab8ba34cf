"""Measures the area of the Mandelbrot set: as a job manager task, which adds tasks to its own job, round by round.

Each round looks at what is uncertain so far and has those squares sampled more finely, until the standard error is
below --error. So nobody knows at the start how many tasks there will be. It may be killed and run again at any time:
tasks have names and chance of their own, so those that are there already are the ones it would have added.
"""
import argparse
import math
import os
from batch import Job
from picture import draw

LEFT, SIDE = -2.0, 2.5  # the upper half is sampled: the set is the same below
COLUMNS, ROWS = 16, 8
POINTS, ITERATIONS, SQUARES_A_TASK = 100, 2000, 32
REFINED = 0.9  # of the variance in each round
MOST_ROUNDS = 12


def split(square):
    x, y, size = square
    half = size / 2
    return [(x, y, half), (x + half, y, half), (x, y + half, half), (x + half, y + half, half)]


def variance(square, inside):
    """Of the square's area in the set. A count of none or of all is no proof: hence a tenth more of each."""
    share = (inside + 0.1) / (POINTS + 0.2)
    return square[2] ** 4 * share * (1 - share) / POINTS


def uncertain(counts):
    """The squares that have most of the variance."""
    by_variance = sorted(counts, key=lambda square: variance(square, counts[square]), reverse=True)
    wanted = REFINED * sum(variance(square, counts[square]) for square in counts)
    chosen = []
    for square in by_variance:
        if wanted <= 0:
            break
        wanted -= variance(square, counts[square])
        chosen.append(square)
    return chosen


def sampled(job, number, squares):
    """One round: as many tasks as the squares need, and what they count."""
    parts = [squares[at:at + SQUARES_A_TASK] for at in range(0, len(squares), SQUARES_A_TASK)]
    commands = {
        f"round{number}-{part}": sample_command(some) for part, some in enumerate(parts)
    }
    job.add(commands)
    job.wait(commands)
    counts = [int(line) for task in commands for line in job.stdout(task).split()]
    return dict(zip(squares, counts, strict=True)), len(commands)


def sample_command(squares):
    words = " ".join(f"{x!r},{y!r},{size!r}" for x, y, size in squares)
    return f"/bin/sh -c 'python3 $AZ_BATCH_JOB_PREP_WORKING_DIR/sample.py {ITERATIONS} {POINTS} {words}'"


def measure(job, most):
    size = SIDE / COLUMNS
    new = [(LEFT + column * size, row * size, size) for row in range(ROWS) for column in range(COLUMNS)]
    counts, tasks = {}, 0
    print("round  tasks  squares   points     area       ±")
    for number in range(1, MOST_ROUNDS + 1):
        found, added = sampled(job, number, new)
        counts.update(found)
        tasks += added
        area = 2 * sum(square[2] ** 2 * inside / POINTS for square, inside in counts.items())
        error = 2 * math.sqrt(sum(variance(square, inside) for square, inside in counts.items()))
        print(f"{number:5d} {added:6d} {len(counts):8d} {len(new) * POINTS:8d} {area:8.4f} {error:7.4f}", flush=True)
        if error <= most:
            break
        new = []
        for square in uncertain(counts):
            del counts[square]
            new += split(square)
    print(f"area {area:.4f} ± {error:.4f} by {tasks} tasks; known from much longer computations: 1.5066")
    return counts


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--error", type=float, required=True)
counts = measure(Job(os.environ), parser.parse_args().error)
with open("squares.png", "wb") as file:
    file.write(draw({square: inside / POINTS for square, inside in counts.items()}, LEFT, SIDE))
