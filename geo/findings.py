"""Findings of reading and repairing a map file, grouped by kind for its report.

One finding a place, told as one line a kind, the worst first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MOST_WORST = 10
# Kinds by the harm they do, the worst first: code -> what several of them are called.
KINDS: dict[str, tuple[str, str]] = {
    "far_away": ("离本单位很远", "far away from the unit's ground"),
    "datum": ("坐标基准可疑", "another datum is likely"),
    "claimed": ("占了别的单位的地方", "ground that another unit has or was promised"),
    "swallowed": ("完全落在别的网格里，已跳过", "lie wholly in others; left out"),
    "unreadable_shape": ("图形读不出来，已跳过", "shapes that cannot be read; left out"),
    "empty": ("没有图形，已跳过", "have no shape; left out"),
    "no_area": ("不是面，已跳过", "are no areas; left out"),
    "indivisible_place": ("工作量集中在一处，无法再分", "work in one place that no border divides"),
    "overlap": ("互相重叠，划给前一个", "overlap; given to the earlier one"),
    "invalid": ("图形有误，已修复", "were broken; mended"),
    "gap": ("中间的空洞，未处理", "holes between zones, left as they are"),
    "same_code": ("编号相同的行，各合为一个网格", "rows of one code, made one cell each"),
    "no_code": ("没有认出名称和编号字段", "no field is known for names or codes"),
    "cut_text": ("文字在字段末尾被截断半个字", "text cut in the middle of a character"),
    "guessed_text": (
        "文字编码与声明不符，按推测读出",
        "text in another encoding than declared, read by a guess",
    ),
    "encoding": ("文件没有写明文字编码", "the file does not say its encoding"),
    "long_name": ("名称太长，已截短", "names were shortened"),
    "crs_unused": ("没有用到填写的坐标系", "the given coordinate system was not used"),
    "picture": ("图片、贴图、屏幕图未导入", "pictures were left out"),
    "link": ("指向别处的链接未导入", "links to elsewhere were left out"),
    "left_out": ("其他内容未导入", "other things were left out"),
    "slip": ("窄缝，已并入相邻网格", "slips between zones, closed"),
    "date_line": ("在 180 度经线处切开", "cut at the 180th meridian"),
    "height": ("带有高程，已去掉", "had heights; they were left out"),
}
# The last kind that takes something away, or that makes the whole file doubtful.
_LAST_GRAVE = "no_area"
_RANK = {code: rank for rank, code in enumerate(KINDS)}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found and perhaps changed: where (names), how much (m²), and in words."""

    code: str
    zones: tuple[str, ...]
    area_m2: float
    zh: str
    en: str


def found(code: str, zones: Sequence[str], zh: str, en: str, area_m2: float = 0.0) -> Finding:
    """A finding of one of KINDS."""
    return Finding(code, tuple(zones), round(area_m2, 1), zh, en)


def size_text(area_m2: float) -> tuple[str, str]:
    """An area as people read it, in Chinese and English."""
    if area_m2 < 1e5:
        return f"{area_m2:,.0f} 平方米", f"{area_m2:,.0f} m²"
    return f"{area_m2 / 1e6:,.2f} 平方公里", f"{area_m2 / 1e6:,.2f} km²"


def grouped(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """One line a kind, the most harmful kind first.

    Its count, its whole area, and the worst ten by name and words.
    """
    kinds: dict[str, list[Finding]] = {}
    for one in findings:
        kinds.setdefault(one.code, []).append(one)
    return [_line(code, kinds[code]) for code in sorted(kinds, key=lambda code: _RANK.get(code, -1))]


def _line(code: str, group: list[Finding]) -> dict[str, Any]:
    worst = sorted(group, key=lambda one: -one.area_m2)[:MOST_WORST]
    area = round(sum(one.area_m2 for one in group), 1)
    zh, en = worst[0].zh, worst[0].en
    if len(group) > 1:
        size_zh, size_en = size_text(area)
        kind_zh, kind_en = KINDS.get(code, (code, code))
        zh = f"{kind_zh}：{len(group)} 处" + (f"，共 {size_zh}" if area >= 1 else "")
        en = f"{kind_en}: {len(group)}" + (f", {size_en} in all" if area >= 1 else "")
    elif names := [name for name in worst[0].zones if f"“{name}”" not in zh][:4]:
        zh, en = f"{'、'.join(names)}：{zh}", f"{', '.join(names)}: {en}"
    said = [{"zones": list(one.zones), "area_m2": one.area_m2, "zh": one.zh, "en": one.en} for one in worst]
    zones = list(dict.fromkeys(name for one in worst for name in one.zones))
    is_grave = code in _RANK and _RANK[code] <= _RANK[_LAST_GRAVE]
    return {
        "code": code, "is_grave": is_grave, "count": len(group), "area_m2": area, "zones": zones,
        "zh": zh, "en": en, "worst": said,
    }  # fmt: skip
