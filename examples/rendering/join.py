"""Joins frames into a contact sheet, film.png, and where ffmpeg is into a film, film.mp4. Usage: join.py FRAME..."""
import math
import os
import re
import shutil
import subprocess
import sys

import png

GAP, RATE = 2, 8
BACK = b"\x20\x20\x28"

paths = sorted(sys.argv[1:], key=lambda path: int(re.findall(r"\d+", os.path.basename(path))[-1]))
pictures = []
for path in paths:
    with open(path, "rb") as file:
        pictures.append(png.decoded(file.read()))
stride, height = len(pictures[0][0]), len(pictures[0])
across = math.ceil(math.sqrt(len(pictures)))
while len(pictures) % across:
    pictures.append([BACK * (stride // 3)] * height)
rows = []
for start in range(0, len(pictures), across):
    line = pictures[start:start + across]
    rows += [(BACK * GAP).join(bytes(picture[row]) for picture in line) for row in range(height)]
    rows += [BACK * (len(rows[0]) // 3)] * (GAP if start + across < len(pictures) else 0)
with open("film.png", "wb") as file:
    file.write(png.encoded(rows))
said = f"{len(paths)} frames of {stride // 3} x {height}"
if shutil.which("ffmpeg"):
    for at, path in enumerate(paths):
        shutil.copy(path, f"joined-{at:04d}.png")
    subprocess.run(["ffmpeg", "-nostdin", "-loglevel", "error", "-y", "-framerate", str(RATE), "-i", "joined-%04d.png",
                    "-c:v", "libx264", "-crf", "20", "-pix_fmt", "yuv420p", "film.mp4"], check=True)
    said += f", a film of {len(paths) / RATE:.1f} s of {os.path.getsize('film.mp4') / 1024:.0f} KiB"
else:
    said += "; no film without ffmpeg (apt-get install ffmpeg)"
with open("film.txt", "w", encoding="utf-8") as file:
    file.write(said + "\n")
