"""Makes a report and a picture of what heat.c found. Usage: draw.py LINES FRAMES PICTURE"""
import math
import struct
import sys
import zlib
from array import array

FRAMES, SCALE, GAP = 3, 2, 8
COLOURS = [(0.0, (8, 8, 32)), (0.15, (60, 20, 110)), (0.4, (200, 50, 70)), (0.7, (250, 160, 40)), (1.0, (255, 250, 210))]


def colour(heat):
    heat = min(max(heat, 0.0), 1.0)
    for (low, dark), (high, light) in zip(COLOURS, COLOURS[1:]):
        if heat <= high:
            share = (heat - low) / (high - low)
            return bytes(round(a + (b - a) * share) for a, b in zip(dark, light))
    raise AssertionError("the last colour is that of 1")


def png(rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9)) + chunk(b"IEND", b"")


def picture(values):
    """The frames beside each other, each as bright as its hottest point."""
    size = math.isqrt(len(values) // FRAMES)
    frames = [values[at * size * size:(at + 1) * size * size] for at in range(FRAMES)]
    hottest = [max(frame) for frame in frames]
    rows = []
    for row in range(size):
        parts = [b"".join(colour(heat / most) * SCALE for heat in frame[row * size:(row + 1) * size]) for frame, most in zip(frames, hottest)]
        rows += [(b"\xff" * 3 * GAP).join(parts)] * SCALE
    return png(rows), hottest


def report(lines, hottest):
    ranks = [line.split() for line in lines if line.startswith("rank ")]
    (coarse, _, large), (fine, steps, small) = [[float(word) for word in line.split()[1:]] for line in lines if line.startswith("exact ")]
    print("rank  node                             rows")
    for _, rank, node, rows in ranks:
        print(f"{rank:>4}  {node:32} {rows:>5}")
    print(f"a wave of known decay: off by {large:.1e} on {coarse:.0f} x {coarse:.0f} points, by {small:.1e} on {fine:.0f} x {fine:.0f} after {steps:.0f} steps")
    order = math.log(large / small) / math.log((fine + 1) / (coarse + 1))
    print(f"order of convergence {order:.2f}, in theory 2; the plate: hottest point {hottest[0]:.2f}, {hottest[1]:.2f}, {hottest[2]:.2f}")


with open(sys.argv[2], "rb") as file:
    values = array("f", file.read())
image, hottest = picture(values)
with open(sys.argv[3], "wb") as file:
    file.write(image)
with open(sys.argv[1], encoding="utf-8") as file:
    report(file.read().splitlines(), hottest)
