#!/usr/bin/env python3
"""Draw the icon: a sparse matrix whose removed entries are hollow, on the accent colour.

Usage: python3 make_icon.py        (needs: pip install pillow)
"""
from pathlib import Path

from PIL import Image, ImageDraw

HERE = Path(__file__).parent
SIZE = 1024
ACCENT, DEEP, KEPT, REMOVED = (11, 107, 203), (7, 74, 145), (255, 255, 255), (122, 178, 232)
# Symmetric, as the diffusion matrix of an undirected graph: K kept, r removed, . no entry.
ROWS = ["K.rK.", ".K.Kr", "r.K.K", "KK.K.", ".rK.K"]


def draw():
    image = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
    shade = Image.new("RGBA", (SIZE, SIZE))
    pen = ImageDraw.Draw(shade)
    for y in range(SIZE):
        t = y / SIZE
        pen.line([(0, y), (SIZE, y)], fill=tuple(round(a + (b - a) * t) for a, b in zip(ACCENT, DEEP)) + (255,))
    mask = Image.new("L", (SIZE, SIZE), 0)
    ImageDraw.Draw(mask).rounded_rectangle([32, 32, SIZE - 32, SIZE - 32], radius=200, fill=255)
    image.paste(shade, (0, 0), mask)
    pen = ImageDraw.Draw(image)
    margin, n = 176, len(ROWS)
    step = (SIZE - 2 * margin) / n
    gap = 16
    for i, row in enumerate(ROWS):
        for j, cell in enumerate(row):
            if cell == ".":
                continue
            x, y = margin + j * step, margin + i * step
            box = [x + gap, y + gap, x + step - gap, y + step - gap]
            if cell == "K":
                pen.rounded_rectangle(box, radius=22, fill=KEPT + (255,))
            else:
                pen.rounded_rectangle(box, radius=22, outline=REMOVED + (255,), width=14)
    return image


icon = draw()
icon.resize((256, 256), Image.LANCZOS).save(HERE / "icon.png", optimize=True)
icon.save(HERE / "icon.ico", sizes=[(s, s) for s in (16, 24, 32, 48, 64, 128, 256)])
