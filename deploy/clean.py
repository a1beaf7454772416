"""Removes the one folder that `make run` and `make test` fill, and refuses anything else."""

from __future__ import annotations

import os
import pathlib
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def main() -> None:
    """Delete the folder only if it is ours.

    It carries our virtual environment or our mark, and is no source folder.
    """
    home = pathlib.Path(os.environ.get("WANGGE_HOME") or ROOT / ".wangge").resolve()
    if not home.exists():
        print("wangge: nothing to remove")
        return
    ours = (home / "venv/pyvenv.cfg").exists() or (home / "WANGGE").exists()
    if not ours or home in (ROOT, *ROOT.parents) or (home / ".git").exists():
        sys.exit(f"wangge: {home} does not look like a folder that make run made; nothing was removed")
    if any(home.glob("*/postmaster.pid")):
        sys.exit(f"wangge: a database is running in {home}; stop `make run` first, nothing was removed")
    shutil.rmtree(home)
    print(f"wangge: removed {home}")


if __name__ == "__main__":
    main()
