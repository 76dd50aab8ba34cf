"""PNG files of 8-bit RGB: writes them, and reads those that it and Blender have written."""
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encoded(rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    return SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def decoded(file):
    """Its rows, each three bytes a point."""
    if not file.startswith(SIGNATURE):
        raise ValueError("not a PNG file")
    at, data, head = len(SIGNATURE), b"", b""
    while at < len(file):
        length, kind = struct.unpack_from(">I4s", file, at)
        body = file[at + 8:at + 8 + length]
        if kind == b"IHDR":
            head = body
        if kind == b"IDAT":
            data += body
        at += length + 12
    width, height, *form = struct.unpack(">IIBBBBB", head)
    if form != [8, 2, 0, 0, 0]:
        raise ValueError("not 8-bit RGB without interlacing")
    return unfiltered(zlib.decompress(data), 3 * width, height)


def unfiltered(lines, stride, height):
    """Section 9 of the PNG specification."""
    rows, above = [], bytearray(stride)
    for start in range(0, height * (stride + 1), stride + 1):
        kind, row = lines[start], bytearray(lines[start + 1:start + 1 + stride])
        for at in range(stride):
            left, up, corner = (row[at - 3], above[at], above[at - 3]) if at >= 3 else (0, above[at], 0)
            row[at] = (row[at] + (0, left, up, (left + up) // 2, paeth(left, up, corner))[kind]) & 255
        rows.append(row)
        above = row
    return rows


def paeth(left, up, corner):
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
