"""What an import found, at the console: by kind, the worst first, in the reader's language.

Far ground is asked about.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import shapely
from playwright.sync_api import Page, expect

from backend.core.geometry import shape_of
from backend.demo.story_actors import Office
from tests.web.conftest import Desk
from tests.web.looking import faults_of

Desks = Callable[..., Desk]
Offices = Callable[[str], Office]
WORDS = {
    "zh-CN": {
        "overlap": "互相重叠",
        "no_area": "不是面",
        "far": "确实离得很远",
        "missing": "文件里没有字段",
        "km": "公里",
    },
    "en-GB": {
        "overlap": "overlap; given to",
        "no_area": "no area",
        "far": "They do lie far away",
        "missing": "there is no field",
        "km": "km",
    },
}


def strips(west: float, south: float, count: int, width: float = 0.002) -> list[dict[str, object]]:
    """Zones side by side, each a tenth over the next, and a point that is none."""
    shapes = [
        shapely.box(west + n * width, south, west + (n + 1.1) * width, south + 0.004) for n in range(count)
    ]
    rows = [({"MC": f"第{n + 1}片", "BM": 100 + n}, shape) for n, shape in enumerate(shapes)]
    rows.append(({"MC": "泵站", "BM": None}, shapely.Point(west, south)))
    return [{"type": "Feature", "properties": p, "geometry": shapely.geometry.mapping(s)} for p, s in rows]


def written(path: Path, features: list[dict[str, object]]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    return path


def imported(page: Page, file: Path, **fields: str) -> None:
    page.click("[data-test=import]")
    page.set_input_files("input[name=map]", file)
    for name, value in fields.items():
        page.fill(f"input[name={name}]", value)
    page.click("[data-test=send-import]")


@pytest.mark.parametrize("locale", ["zh-CN", pytest.param("en-GB", marks=pytest.mark.long)])
def test_an_imports_findings_are_read_by_kind_and_far_ground_is_asked_about(
    desk: Desks, office: Offices, tmp_path: Path, locale: str
) -> None:
    words = WORDS[locale]
    unit = office("S101")("GET", "/dispatch/board")["cells"][0]["unit_id"]
    cells = [one for one in office("S101")("GET", "/cells?limit=500")["rows"] if one["unit_id"] == unit]
    west, south = shapely.get_coordinates(shapely.point_on_surface(shape_of(cells[0]["outline"])))[0]
    near = written(tmp_path / "近.geojson", strips(west, south, 14))
    page = desk("S101", locale=locale).page
    page.click("nav a[href='#/ground']")
    page.wait_for_selector("[data-test=ground-map][data-drawn]")
    imported(page, near, name_field="名称", code_field="BM")
    alert = page.locator(".side .el-alert")
    expect(alert).to_contain_text(words["missing"])
    expect(alert).to_contain_text("MC")
    imported(page, near, name_field="MC", code_field="BM")
    lines = page.locator("[data-test=findings] > li")
    expect(lines.filter(has_text=words["no_area"])).to_have_class("bad")
    overlap = lines.filter(has_text=words["overlap"])
    expect(overlap).to_contain_text("13")
    expect(overlap).not_to_have_class("bad")
    overlap.locator("summary").click()
    expect(overlap.locator("p")).to_have_count(11)
    expect(page.locator("[data-test=accept-far]")).to_have_count(0)
    assert faults_of(page) == []
    far = written(tmp_path / "远.geojson", strips(101.7, 36.6, 3))
    page.click("[data-test=discard]")
    imported(page, far)
    expect(page.locator("[data-code=far_away]")).to_contain_text(words["km"])
    assert faults_of(page) == []
    page.click("[data-test=accept]")
    expect(page.locator("[data-test=accept-far]")).to_contain_text(words["far"])
    expect(page.locator(".el-message--error")).to_be_visible()
    page.click("[data-test=discard]")
