"""Small drawings on papers: a customer's strokes and a code to scan, both as SVG."""

from __future__ import annotations

import io
from typing import Any

import segno

_MOST_POINTS = 20_000


def strokes_svg(strokes: Any) -> bytes | None:
    """Strokes as a phone kept them ({width, height, lines} or bare lines of [x, y, t]); None when nothing
    can be drawn."""
    given = strokes.get("lines") if isinstance(strokes, dict) else strokes
    if not isinstance(given, list):
        return None
    lines = [points for one in given if (points := _points(one))]
    if not lines or sum(map(len, lines)) > _MOST_POINTS:
        return None
    xs, ys = [x for line in lines for x, _ in line], [y for line in lines for _, y in line]
    left, top = min(xs) - 4, min(ys) - 4
    width, height = max(xs) - left + 4, max(ys) - top + 4
    paths = "".join(
        f'<path d="M{" L".join(f"{x - left:.1f} {y - top:.1f}" for x, y in line)}"/>' for line in lines
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {height:.1f}">'
        f'<g fill="none" stroke="#10202c" stroke-width="2.2" stroke-linecap="round" '
        f'stroke-linejoin="round">{paths}</g></svg>'
    ).encode()


def _points(line: Any) -> list[tuple[float, float]]:
    """The points of one stroke; a dot is drawn as a short line."""
    if not isinstance(line, list):
        return []
    found = [
        (float(point[0]), float(point[1]))
        for point in line
        if isinstance(point, list)
        and len(point) >= 2
        and all(isinstance(one, int | float) for one in point[:2])
    ]
    sane = [(x, y) for x, y in found if abs(x) < 1e5 and abs(y) < 1e5]
    return [*sane, (sane[0][0] + 0.5, sane[0][1])] if len(sane) == 1 else sane


def code_svg(address: str) -> bytes:
    """A QR code of an address."""
    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=1, xmldecl=False)
    return out.getvalue()
