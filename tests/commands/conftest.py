"""What tests of several commands stand on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backend.local.cluster import Cluster
from backend.local.machine import Machine
from tests.commands.keeping import machine_of


@pytest.fixture
def machine(
    cluster: Cluster, as_owner: Callable[[str], None], town_template: str, tmp_path: Path
) -> Iterator[Machine]:
    """A town of its own with one object, and a ring."""
    with machine_of(cluster, as_owner, town_template, tmp_path, "copy_kept") as found:
        yield found
