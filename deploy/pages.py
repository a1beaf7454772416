"""Build the pages of `web/` into $WANGGE_HOME/web, when they changed.

Node from the project's own environment, and npm.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = pathlib.Path(os.environ.get("WANGGE_HOME") or ROOT / ".wangge")
WEB = ROOT / "web"
BIN = pathlib.Path(sys.executable).parent
LEFT_OUT = {"node_modules", "tests", "decisions"}


def say(sentence: str) -> None:
    """Tell the person at the terminal what is happening."""
    print(f"wangge: {sentence}", flush=True)


def digest(paths: list[pathlib.Path]) -> str:
    """One hash of names and contents."""
    found = hashlib.sha256()
    for path in sorted(paths):
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]


def sources() -> list[pathlib.Path]:
    """What the pages are made of."""
    found = [ROOT / "mobile_api_spec/vocabulary.json"]
    for folder, inner, names in os.walk(WEB):
        inner[:] = [name for name in inner if name not in LEFT_OUT]
        found += [pathlib.Path(folder) / name for name in names]
    return found


def npm(*arguments: str) -> None:
    """Run npm; on failure its whole output is shown, because that is where the reason stands."""
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "WANGGE_HOME": str(HOME)}
    command = [str(BIN / "npm"), *arguments]
    done = subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(
            f"{done.stdout}\n{done.stderr}\nwangge: `npm {' '.join(arguments)}` failed; its words are above"
        )


def main() -> None:
    """Install what the lock file names, then build; nothing to do costs a tenth of a second."""
    installed = HOME / f"node-packages-{digest([WEB / 'package-lock.json'])}"
    if not installed.exists() or not (WEB / "node_modules").is_dir():
        say("installing the pages' packages (half a minute the first time)")
        npm("ci", "--no-audit", "--no-fund")
        installed.touch()
    built = HOME / "web" / f"built-{digest(sources())}"
    if built.exists():
        return
    say("building the pages")
    shutil.rmtree(HOME / "web", ignore_errors=True)
    npm("run", "build")
    built.touch()


if __name__ == "__main__":
    main()
