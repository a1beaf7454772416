"""The folder in which a server's processes put their metrics together (Prometheus' multiprocess mode).

Each web process answers `/metrics` for all of them, and each counts for itself: without the folder an answer
would be one process's share. The library looks for the variable when it is loaded: this comes before.
"""

from __future__ import annotations

import os
from pathlib import Path

from backend.core.private_files import own_folder

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def begin(home: Path) -> Path:
    """Called once where a server begins: the folder, made, without what the last server counted.

    Where the environment names one it is that, else `metrics` of the home. Raises NotOurs.
    """
    folder = own_folder(Path(os.environ.get(VARIABLE) or home / "metrics"))
    for stale in folder.glob("*.db"):
        stale.unlink(missing_ok=True)
    os.environ[VARIABLE] = str(folder)
    return folder
