"""Make the project's virtual environment on a bare machine: Python's standard library and, on Debian, apt.

Called by the Makefile with the system's python3. It works with `python3-venv` installed, as root or with sudo
(it installs it), and as a plain user (it unpacks Debian's pip wheel without installing anything).
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
HOME = pathlib.Path(os.environ.get("WANGGE_HOME") or ROOT / ".wangge")
VENV = HOME / "venv"
# Where a plain user's own package lists are said to apt; `backend/local/cluster.py` looks there too.
APT_CONFIG = HOME / "apt" / "apt.conf"
# Pythons bring pips of many ages along: what is installed is resolved by the one that it was tried with.
PIP = "pip==26.3"


def say(sentence: str) -> None:
    """Tell the person at the terminal what is happening."""
    print(f"wangge: {sentence}", flush=True)


def root_prefix() -> list[str] | None:
    """How to run a command as root here: nothing, sudo, or not at all."""
    if os.geteuid() == 0:
        return []
    if (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0
    ):
        return ["sudo", "-n"]
    return None


def has_venv() -> bool:
    """Debian splits ensurepip out of python3; without it `python3 -m venv` cannot bring pip."""
    return (
        subprocess.run(
            [sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False
        ).returncode
        == 0
    )


def install_venv_package() -> bool:
    """Install python3-venv with apt where we may; False where we may not."""
    prefix = root_prefix()
    if prefix is None or not shutil.which("apt-get"):
        return False
    say("installing python3-venv (Debian ships python3 without it)")
    subprocess.run([*prefix, "apt-get", "update", "-q"], check=False, stdout=subprocess.DEVNULL)
    command = [*prefix, "apt-get", "install", "-y", "-q", "--no-install-recommends", "python3-venv"]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0


def private_lists() -> None:
    """Package lists of the project's own, for a plain user on a machine where nobody has fetched any yet."""
    if root_prefix() is not None or not shutil.which("apt-get") or APT_CONFIG.exists():
        return
    known = subprocess.run(
        ["apt-cache", "pkgnames", "postgresql-"], capture_output=True, text=True, check=False
    )
    if known.stdout.strip():
        return
    say("this machine has no package lists; fetching them into the project's folder")
    lists, cache = APT_CONFIG.parent / "lists", APT_CONFIG.parent / "cache"
    for folder in (lists / "partial", cache / "archives" / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    settings = f'Dir::State::Lists "{lists}";\nDir::Cache "{cache}";\n'
    unfinished = APT_CONFIG.with_suffix(".new")
    unfinished.write_text(settings)
    environment = {**os.environ, "APT_CONFIG": str(unfinished)}
    done = subprocess.run(
        ["apt-get", "update", "-q"], check=False, stdout=subprocess.DEVNULL, env=environment
    )
    if done.returncode == 0:
        unfinished.rename(APT_CONFIG)


def venv_from_wheel() -> None:
    """The rootless way: an empty environment, and pip run out of Debian's own wheel."""
    if not shutil.which("apt-get"):
        sys.exit(
            "wangge: python3 has no venv module and there is no apt-get here; install "
            "Python's venv and run make again"
        )
    say("no python3-venv and no root: unpacking Debian's pip wheel instead")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["apt-get", "download", "python3-pip-whl"], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        package = next(pathlib.Path(folder).glob("*.deb"))
        subprocess.run(["dpkg", "-x", str(package), folder], check=True)
        wheel = next(pathlib.Path(folder).glob("usr/share/python-wheels/pip-*.whl"))
        subprocess.run([str(VENV / "bin/python"), str(wheel / "pip"), "install", "-q", PIP], check=True)


def make_venv() -> None:
    """Create the environment, by whichever way this machine allows."""
    HOME.mkdir(parents=True, exist_ok=True)
    if (VENV / "bin/pip").exists():
        return
    if has_venv() or install_venv_package():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    else:
        venv_from_wheel()


def pin_pip() -> None:
    """The one version of pip, where the environment has another one."""
    pip = [str(VENV / "bin/python"), "-m", "pip"]
    said = subprocess.run([*pip, "--version"], capture_output=True, text=True, check=True).stdout
    if f"pip {PIP.partition('==')[2]} " not in said:
        subprocess.run([*pip, "install", "-q", "--disable-pip-version-check", PIP], check=True)


def main() -> None:
    """Bring the environment up to date; nothing to do costs a tenth of a second."""
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        sys.exit(
            f"wangge: Python 3.11 to 3.13 is needed, this is {sys.version.split()[0]}; run "
            "make PYTHON=/path/to/python3.12"
        )
    extra = sys.argv[1] if len(sys.argv) > 1 else ""
    wanted = (
        (ROOT / "pyproject.toml").read_bytes()
        + (ROOT / "deploy/constraints.txt").read_bytes()
        + f"{ROOT} {PIP}".encode()
    )
    stamp = VENV / f"installed-{extra}-{hashlib.sha256(wanted).hexdigest()[:16]}"
    if stamp.exists():
        return
    private_lists()
    if APT_CONFIG.exists():
        os.environ["APT_CONFIG"] = str(APT_CONFIG)
    make_venv()
    pin_pip()
    say(
        "installing the Python packages"
        + (f" for {extra}" if extra else "")
        + " (a minute or two the first time)"
    )
    target = f".[{extra}]" if extra else "."
    command = [
        str(VENV / "bin/python"),
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "-c",
        "deploy/constraints.txt",
        "-e",
        target,
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    stamp.touch()


if __name__ == "__main__":
    main()
