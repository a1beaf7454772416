"""`make mutants`: cosmic-ray over merge, steps, questions, cursor and pull, against their unit tests and a few worlds, in a copy; the survivors are explained in
`sync/decisions/0009-surviving-mutants.md`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ("merge", "steps", "questions", "cursor", "pull")
TESTS = (
    "tests/unit/test_merge.py", "tests/unit/test_steps.py", "tests/unit/test_cursor.py", "tests/unit/test_apply.py",
    "tests/simulation/test_core.py::test_what_once_broke_stays_mended",
)  # fmt: skip


def main() -> int:
    """Mutate a copy of the tree, so that an interruption leaves nothing behind; prints what survived."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".wangge", "__pycache__"))
        modules = ", ".join(f'"sync/{name}.py"' for name in MODULES)
        command = f"{sys.executable} -m pytest -x -q {' '.join(TESTS)}"
        (copy / "mutants.toml").write_text(
            f'[cosmic-ray]\nmodule-path = [{modules}]\ntimeout = 60.0\nexcluded-modules = []\ntest-command = "{command}"\n'
            '[cosmic-ray.distributor]\nname = "local"\n'
        )
        tools = Path(sys.executable).parent
        for step in (("cosmic-ray", "init"), ("cosmic-ray", "exec")):
            subprocess.run([tools / step[0], step[1], "mutants.toml", "mutants.sqlite"], cwd=copy, check=True)
        return subprocess.run(
            [tools / "cr-report", "--surviving-only", "--show-diff", "mutants.sqlite"], cwd=copy, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
