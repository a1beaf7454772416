"""Draws what the docs say by the code: `docs/architecture.svg`, the capabilities of `docs/architecture.md`,
`docs/facts.md`, the diagrams of `docs/drawings`, the data dictionary, the tables of the privacy pages, and
what follows from the table of alarms.

The drawing is written as SVG here: ten boxes in a tower need no layout engine, so nobody has to install
graphviz, and the same imports give the same bytes, which a test compares. The imports are read by grimp, as
import-linter does.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from html import escape
from importlib import import_module
from pathlib import Path

import grimp

from backend.core import capabilities
from backend.queue.fact_table import SUBSCRIPTIONS
from deploy import alarms
from deploy.dictionary import dictionary
from deploy.drawings import drawings
from deploy.privacy import filled

DOCS = Path(__file__).parents[1] / "docs"
BOX_WIDTH, BOX_HEIGHT, GAP_X, GAP_Y, MARGIN = 150, 44, 130, 52, 30

STYLE = """<style>
  text { font: 14px sans-serif; fill: #1b2a33; text-anchor: middle; dominant-baseline: central; }
  .count { font-size: 11px; fill: #35606f; paint-order: stroke; stroke: #fff; stroke-width: 3px; }
  rect { fill: #e3f1f4; stroke: #35606f; }
  path { fill: none; stroke: #7fa3ae; }
  .ground { fill: #fff; stroke: none; }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">
  <path d="M0 0 8 4 0 8z" style="fill: #7fa3ae; stroke: none"/></marker></defs>"""

Arrows = Counter[tuple[str, str]]


def arrows() -> Arrows:
    """How many modules of one capability import how many of another; those of `core`, which all do, too."""
    graph = grimp.build_graph("backend", cache_dir=None)
    names = set(capabilities.names())
    found: Arrows = Counter()
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            one, two = (name.split(".")[1] if "." in name else "" for name in (module, other))
            if one in names and two in names and one != two:
                found[one, two] += 1
    return found


def layers_of(found: Arrows) -> list[list[str]]:
    """Capabilities by layer, the lowest first: each one above everything that it imports."""
    level: dict[str, int] = {}
    for name in capabilities.names():
        level[name] = max((level[two] + 1 for one, two in found if one == name), default=0)
    return [sorted(name for name in level if level[name] == at) for at in range(max(level.values()) + 1)]


def drawing(found: Arrows) -> str:
    """The SVG: boxes by layer, an arrow with its count for each pair besides `core`, whose counts stand in
    the boxes."""
    layers = layers_of(found)
    width = max(map(len, layers)) * (BOX_WIDTH + GAP_X) + GAP_X + 2 * MARGIN
    height = len(layers) * (BOX_HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    at: dict[str, tuple[float, float]] = {}
    for row, names in enumerate(reversed(layers)):
        for column, name in enumerate(names):
            x = width / 2 + (column - (len(names) - 1) / 2) * (BOX_WIDTH + GAP_X)
            at[name] = (x, MARGIN + row * (BOX_HEIGHT + GAP_Y) + BOX_HEIGHT / 2)
    pairs = [pair for pair in sorted(found) if pair[1] != "core"]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            "<title>Capabilities by layer; an arrow's number is how many imports it stands for</title>",
            STYLE,
            f'<rect class="ground" width="{width}" height="{height}"/>',
            *(_arrow(at, one, two, found[one, two], place) for place, (one, two) in enumerate(pairs)),
            *(_box(name, *at[name], found[name, "core"]) for name in sorted(at)),
            "</svg>\n",
        ]
    )


def _arrow(at: dict[str, tuple[float, float]], one: str, two: str, count: int, place: int) -> str:
    """From a box's foot to another's head; one that passes a layer swings out, left and right in turn."""
    (x1, y1), (x2, y2) = at[one], at[two]
    start, end = y1 + BOX_HEIGHT / 2, y2 - BOX_HEIGHT / 2
    passed = (end - start) // (BOX_HEIGHT + GAP_Y)
    side = (1 if x1 > x2 else -1) if x1 != x2 else (1 if place % 2 else -1)
    out = side * (BOX_WIDTH * 0.75 + 22 * passed) if passed else 0
    foot, head = x1 + out / 4, x2 + out / 4
    bend1, bend2 = x1 + out, x2 + out
    middle_x = (foot + 3 * bend1 + 3 * bend2 + head) / 8
    bends = f"{bend1:.0f} {start + 30:.0f} {bend2:.0f} {end - 30:.0f}"
    curve = f"M{foot:.0f} {start:.0f}C{bends} {head:.0f} {end:.0f}"
    return (
        f'<path d="{curve}" marker-end="url(#tip)"><title>{one} → {two}: {count}</title></path>'
        f'<text class="count" x="{middle_x:.0f}" y="{(start + end) / 2:.0f}">{count}</text>'
    )


def _box(name: str, x: float, y: float, of_core: int) -> str:
    words = f'<text x="{x:.0f}" y="{y - (7 if of_core else 0):.0f}">{escape(name)}</text>'
    below = f'<text class="count" x="{x:.0f}" y="{y + 11:.0f}">core: {of_core}</text>' if of_core else ""
    left, top = x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2
    box = f'<rect x="{left:.0f}" y="{top:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6"/>'
    return box + words + below


def facts() -> str:
    """The page of facts: each with who is served, in order."""
    lines = [
        "# Which fact leads to what",
        "",
        "Written by `make map` from `backend/queue/fact_table.py`; do not edit it by hand. A fact is "
        "written in the",
        "transaction that makes it true and served afterwards, in a transaction of its own. Subscribers "
        "are served in",
        "this order, all or none: first what completes the record itself, then what follows from it.",
        "",
    ]
    for fact, subscribers in sorted(SUBSCRIPTIONS.items()):
        lines += [f"## `{fact}`", ""]
        for place, one in enumerate(subscribers, 1):
            lines.append(f"{place}. {_capability(one)}: `{getattr(one, '__name__', '?').lstrip('_')}`")
        lines.append("")
    return "\n".join(lines)


def architecture(found: Arrows) -> str:
    """The page of the architecture, with the table of capabilities and their order as the code has them."""
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rows = "".join(f"| `backend/{name}` | {_purpose(name)} |\n" for name in capabilities.names())
    order = " < ".join(", ".join(names) for names in layers_of(found))
    text = re.sub(r"(?<=\| what it is for \|\n\|---\|---\|\n)(\|.*\n)*", lambda _: rows, text)
    return re.sub(r"(?<=```\n)core < .*", lambda _: order, text)


def _purpose(capability: str) -> str:
    """What its `__init__.py` says first, as the cell of a table."""
    said = " ".join((import_module(f"backend.{capability}").__doc__ or "").split("\n\n")[0].split())
    return said[:1].lower() + said[1:].removesuffix(".")


def _capability(subscriber: object) -> str:
    return OF_SUBSCRIBER[id(subscriber)]


def _owners() -> dict[int, str]:
    """Each subscriber's capability, by the module that lists it: its function may be another's."""
    return {
        id(one): module.__name__.split(".")[1]
        for module in capabilities.modules("subscriptions")
        for phase in ("COMPLETES", "FOLLOWS")
        for subscribers in getattr(module, phase, {}).values()
        for one in subscribers
    }


OF_SUBSCRIBER = _owners()


def pages() -> dict[Path, str]:
    """Every page that is drawn from the code, with what it has to say."""
    drawn = {DOCS / "drawings" / name: text for name, text in drawings().items()}
    found = arrows()
    made = {"architecture.svg": drawing(found), "architecture.md": architecture(found), "facts.md": facts()}
    for language, folder in (("en", DOCS), ("zh", DOCS / "zh")):
        drawn[folder / "data_dictionary.md"] = dictionary(language)
        privacy = folder / "privacy.md"
        drawn[privacy] = filled(privacy.read_text(encoding="utf-8"), language)
    return {DOCS / name: text for name, text in made.items()} | drawn | alarms.pages()


def main() -> None:
    for path, text in pages().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(DOCS.parent)}")


if __name__ == "__main__":
    sys.exit(main())
