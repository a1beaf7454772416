"""Writes diagrams as SVG: sequence diagrams, and boxes with labelled arrows.

Written here because pages must show them without a network or a script, and because the same words then
give the same bytes, which a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

STYLE = """<style>
  text { font: 13px sans-serif; fill: #1b2a33; text-anchor: middle; dominant-baseline: central; }
  .said { font-size: 12px; fill: #35606f; paint-order: stroke; stroke: #fff; stroke-width: 4px; }
  rect { fill: #e3f1f4; stroke: #35606f; }
  path { fill: none; stroke: #35606f; }
  .life { stroke: #7fa3ae; stroke-dasharray: 3 4; }
  .note { fill: #fdf6dd; stroke: #c9b76a; }
  .ground { fill: #fff; stroke: none; }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">
  <path d="M0 0 8 4 0 8z" style="fill: #35606f; stroke: none"/></marker></defs>"""
MARGIN, BOX_WIDTH, BOX_HEIGHT, LINE = 20, 130, 40, 34

# Who says it, to whom, what; said to oneself it is a note beside the line of life.
Message = tuple[str, str, str]
# From where, to where, by what.
Arrow = tuple[str, str, str]
Place = tuple[float, float]


def _svg(title: str, width: float, height: float, parts: Sequence[str]) -> str:
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img">',
            f"<title>{escape(title)}</title>",
            STYLE,
            f'<rect class="ground" width="{width:.0f}" height="{height:.0f}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _box(name: str, x: float, y: float) -> str:
    lines = name.split("\n")
    first = y - (len(lines) - 1) * 8
    words = "".join(
        f'<text x="{x:.0f}" y="{first + 16 * n:.0f}">{escape(w)}</text>' for n, w in enumerate(lines)
    )
    left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
    return f'<rect x="{left:.0f}" y="{top:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>{words}'


def sequence(title: str, who: Sequence[str], messages: Sequence[Message], apart: float = 205) -> str:
    """A sequence diagram: who takes part, from left to right, and what they say, from top to bottom."""
    at = {name: MARGIN + apart / 2 + n * apart for n, name in enumerate(who)}
    top, bottom = MARGIN + BOX_HEIGHT, MARGIN + BOX_HEIGHT + LINE * (len(messages) + 1)
    lives = [f'<path class="life" d="M{x:.0f} {top}V{bottom}"/>' for x in at.values()]
    said = [_said(at, one, top + LINE * (n + 1)) for n, one in enumerate(messages)]
    heads = [_box(name, x, MARGIN + BOX_HEIGHT / 2) for name, x in at.items()]
    return _svg(title, 2 * MARGIN + apart * len(who), bottom + MARGIN, [*lives, *said, *heads])


def _said(at: Mapping[str, float], message: Message, y: float) -> str:
    one, two, words = message
    middle = (at[one] + at[two]) / 2
    if one == two:
        width = 14 + 6.4 * len(words)
        middle = max(middle, width / 2 + 4)
        left, size = f"{middle - width / 2:.0f}", f'width="{width:.0f}" height="22"'
        note = f'<rect class="note" x="{left}" y="{y - 11}" {size} rx="3"/>'
        return (
            f'{note}<text class="said" style="stroke: none" x="{middle:.0f}" y="{y}">{escape(words)}</text>'
        )
    arrow = f'<path d="M{at[one]:.0f} {y}H{at[two]:.0f}" marker-end="url(#tip)"/>'
    return f'{arrow}<text class="said" x="{middle:.0f}" y="{y - 9}">{escape(words)}</text>'


def boxes(title: str, places: Mapping[str, Place], arrows: Sequence[Arrow]) -> str:
    """Boxes by column and row, and labelled arrows between them."""
    wide, high = BOX_WIDTH + 96, BOX_HEIGHT + 56
    at = {
        name: (MARGIN + BOX_WIDTH / 2 + column * wide, MARGIN + BOX_HEIGHT / 2 + row * high)
        for name, (column, row) in places.items()
    }
    width = max(x for x, _ in at.values()) + BOX_WIDTH / 2 + MARGIN
    height = max(y for _, y in at.values()) + BOX_HEIGHT / 2 + MARGIN
    both = {(one, two) for one, two, _ in arrows} & {(two, one) for one, two, _ in arrows}
    drawn = [_arrow(at[one], at[two], words, 14 if (one, two) in both else 0) for one, two, words in arrows]
    return _svg(title, width, height, [*drawn, *(_box(name, x, y) for name, (x, y) in at.items())])


def _arrow(start: Place, end: Place, words: str, aside: float) -> str:
    """A straight arrow from edge to edge; of two that meet each goes a little to its own side."""
    (x1, y1), (x2, y2) = start, end
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
    dx, dy = -(y2 - y1) / length * aside, (x2 - x1) / length * aside
    (x1, y1), (x2, y2) = _edge(start, end), _edge(end, start)
    x1, y1, x2, y2 = x1 + dx, y1 + dy, x2 + dx, y2 + dy
    path = f'<path d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}" marker-end="url(#tip)"/>'
    # Of two that meet each has its words nearer to where it begins.
    share = 0.35 if aside and x1 == x2 else 0.5
    middle_x, middle_y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share - (8 if y1 == y2 and not aside else 0)
    return f'{path}<text class="said" x="{middle_x:.0f}" y="{middle_y:.0f}">{escape(words)}</text>'


def _edge(of: Place, towards: Place) -> Place:
    """Where the line between two boxes' middles leaves the first box."""
    dx, dy = towards[0] - of[0], towards[1] - of[1]
    share = min(
        BOX_WIDTH / 2 / abs(dx) if dx else float("inf"),
        BOX_HEIGHT / 2 / abs(dy) if dy else float("inf"),
    )
    return of[0] + dx * share, of[1] + dy * share
