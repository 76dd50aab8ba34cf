"""Draws squares as a PNG: the lighter, the more of it is in the set; the finer, the longer one had to look."""
import struct
import zlib

PIXELS = 1024
OUTSIDE, INSIDE, EDGE = (18, 22, 48), (250, 214, 120), (64, 70, 110)


def draw(shares, left, side):
    """shares: by (x, y, size) in the upper half, from 0 to 1. The lower half is its mirror image."""
    rows = [bytearray(bytes(OUTSIDE) * PIXELS) for _ in range(PIXELS)]
    scale = PIXELS / side
    middle = PIXELS // 2
    for (x, y, size), share in shares.items():
        first, last = round((x - left) * scale), round((x - left + size) * scale)
        colour = bytes(round(out + (within - out) * share) for out, within in zip(OUTSIDE, INSIDE))
        edged = last - first >= 4
        for up in range(round(y * scale), round((y + size) * scale)):
            is_edge = edged and up == round(y * scale)
            line = bytes(EDGE) * (last - first) if is_edge else (bytes(EDGE) if edged else colour) + colour * (last - first - 1)
            for row in (middle - 1 - up, middle + up):
                rows[row][3 * first:3 * last] = line
    return png(rows)


def png(rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
