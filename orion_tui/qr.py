"""A QR code as lines of half blocks, and a secret as it is typed by hand."""

from __future__ import annotations


def qr_lines(text: str, *, dark_on_light: bool = False) -> list[str]:
    """Two rows of modules in a line. The blocks are the light modules, for a terminal with a dark ground; with
    `dark_on_light` they are the dark ones, to be drawn in black on white."""
    import segno

    rows = [[False, *row, False] for row in segno.make(text, error="l").matrix_iter(border=1)]
    rows = [[False] * len(rows[0]), *rows, [False] * len(rows[0])]
    rows += [[False] * len(rows[0])] * (len(rows) % 2)
    signs = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    if dark_on_light:
        signs = {(1, 1): "█", (1, 0): "▀", (0, 1): "▄", (0, 0): " "}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(signs[int(up), int(down)] for up, down in zip(*pair, strict=True)) for pair in pairs]


def grouped(secret: str) -> str:
    """In fours, as it is typed by hand."""
    return " ".join(secret[place : place + 4] for place in range(0, len(secret), 4))
