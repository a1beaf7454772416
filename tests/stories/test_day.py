"""The day of the demo, as a test: real HTTP, a real broker, a real worker."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from backend.demo.story import play
from backend.local.cluster import Cluster
from tests.conftest import own_port
from tests.staging import staged


def test_every_promise_of_the_day_is_kept(tmp_path: Path, cluster: Cluster, city_template: str) -> None:
    console = Console(file=io.StringIO(), width=200)
    with staged(cluster, city_template, tmp_path / "story", own_port(19000)) as (url, _):
        kept = play(url, tmp_path, console)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert kept, printed
    assert printed.count("✓") == 22
    assert "✗" not in printed
