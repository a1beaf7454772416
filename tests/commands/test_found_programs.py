"""What a bare machine lacks is found, installed or unpacked: browser, font, PostgreSQL; apt is made up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backend.core.papers.typeset import FAMILY
from backend.local import cluster, debian, fonts
from backend.local.browser import Chromium, NoBrowser, find_chromium
from backend.local.cluster import NoPostgres, find_binaries
from backend.local.fonts import find_fonts

HEADLESS, WHOLE = "chromium-headless-shell", "chromium"
APT_GET = """
[ -e "$SHELF/broken" ] && exit 100
case "$1 $2" in
install*-s) shift 3; for name; do echo "Inst $name (1.0 Debian)"; echo "Conf $name"; done
    echo "Inst libx (2)";;
download*) shift 2; for name; do : > "$name.deb"; done;;
esac
"""
DPKG = """
name=${2##*/}; name=${name%.deb}
case "$name" in
chromium*) folder=usr/lib/chromium; file=$name;;
fonts-*) folder=usr/share/fonts/opentype/noto; file=NotoSansCJK-Regular.ttc;;
postgresql-*-postgis-3) number=${name#postgresql-}; number=${number%-postgis-3}
    folder=usr/share/postgresql/$number/extension; file=postgis-3.control;;
postgresql-*) folder=usr/lib/postgresql/${name#postgresql-}/bin; file=initdb;;
*) folder=usr/lib/any-linux-gnu; file=$name.so;;
esac
/bin/mkdir -p "$3/$folder"; : > "$3/$folder/$file"
"""
APT_CACHE = 'while read name; do case "$name" in "$2"*) echo "$name";; esac; done < "$SHELF/known"'
SUDO = '[ -e "$SHELF/may" ] || exit 1; shift; [ "$1" = true ] || exec "$@"'


class Shelf:
    """A folder of made-up programs, the only ones on the path; it knows what was asked of them."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "bin"
        self.bin.mkdir(parents=True)
        (folder / "asked").touch()

    def program(self, name: str, body: str = "") -> Path:
        file = self.bin / name
        file.write_text(f'#!/bin/sh\necho "{name} $*" >> "$SHELF/asked"\n{body}')
        file.chmod(0o755)
        return file

    def apt(self, *known: str) -> None:
        for name, body in (("apt-get", APT_GET), ("apt-cache", APT_CACHE), ("dpkg", DPKG), ("sudo", SUDO)):
            self.program(name, body)
        self.mark("known", "".join(f"{name}\n" for name in known))

    def mark(self, name: str, text: str = "") -> None:
        (self.folder / name).write_text(text)

    def asked(self, beginning: str) -> list[str]:
        lines = (self.folder / "asked").read_text().splitlines()
        (self.folder / "asked").write_text("")
        return [line for line in lines if line.startswith(beginning)]


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A machine of a plain user without root, with nothing on it."""
    made = Shelf(tmp_path / "shelf")
    monkeypatch.setenv("PATH", str(made.bin))
    monkeypatch.setenv("SHELF", str(made.folder))
    for name in ("WANGGE_CHROMIUM", "WANGGE_FONTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(fonts, "_SYSTEM", tmp_path / "system fonts")
    monkeypatch.setattr(cluster, "_installed", lambda: None)
    return made


def test_the_browser_that_is_named_comes_before_all_others(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.program(HEADLESS)
    monkeypatch.setenv("WANGGE_CHROMIUM", "/opt/mine/chrome")
    assert find_chromium(tmp_path) == Chromium(Path("/opt/mine/chrome"), {})


def test_the_headless_browser_comes_before_the_whole_one(shelf: Shelf, tmp_path: Path) -> None:
    whole = shelf.program("chromium-browser")
    assert find_chromium(tmp_path) == Chromium(whole, {})
    headless = shelf.program(HEADLESS)
    assert find_chromium(tmp_path) == Chromium(headless, {})


def test_without_a_browser_and_without_apt_it_is_said_what_to_do(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(NoBrowser, match=r"install Chromium, or name it in WANGGE_CHROMIUM"):
        find_chromium(tmp_path)


def test_a_plain_user_with_a_whole_browser_downloads_nothing(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt(HEADLESS, WHOLE)
    whole = shelf.program(WHOLE)
    assert find_chromium(tmp_path) == Chromium(whole, {})
    assert shelf.asked("apt-get") == []


def test_a_plain_user_without_one_gets_it_unpacked_once(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt(WHOLE, HEADLESS)
    found, root = find_chromium(tmp_path), tmp_path / "chromium-root"
    assert found.path == root / "usr/lib/chromium" / HEADLESS
    assert found.path.exists()
    assert found.environment["LD_LIBRARY_PATH"] == str(root / "usr/lib/any-linux-gnu")
    said = Path(found.environment["FONTCONFIG_FILE"]).read_text()
    assert f"<dir>{root / 'usr/share/fonts'}</dir>" in said
    assert any((root / "usr/share/fonts").rglob(FAMILY))
    downloads = shelf.asked("apt-get")
    assert downloads[-1] == f"apt-get download -q {HEADLESS} fonts-noto-cjk libx"
    assert find_chromium(tmp_path) == found
    assert shelf.asked("apt-get") == []


def test_an_unpacking_that_was_broken_off_is_begun_anew(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt(HEADLESS)
    (tmp_path / "chromium-root/usr/lib/chromium").mkdir(parents=True)
    assert find_chromium(tmp_path).path.exists()
    assert (tmp_path / "chromium-root/READY").exists()


def test_where_apt_knows_no_headless_one_the_whole_one_is_unpacked(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt(WHOLE)
    assert find_chromium(tmp_path).path == tmp_path / "chromium-root/usr/lib/chromium" / WHOLE


def test_where_no_package_can_be_had_it_is_said_what_to_do(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt(HEADLESS)
    shelf.mark("broken")
    with pytest.raises(NoBrowser, match=r"apt-get could not bring one"):
        find_chromium(tmp_path)
    assert not (tmp_path / "chromium-root/READY").exists()


def test_whoever_may_use_sudo_gets_a_browser_installed(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt(HEADLESS)
    shelf.mark("may")
    assert find_chromium(tmp_path) == Chromium(Path("/usr/bin") / HEADLESS, {})
    done = shelf.asked("apt-get")
    assert done[0].startswith("apt-get update")
    assert done[1].startswith("apt-get install -y")
    assert done[1].endswith(f"{HEADLESS} fonts-noto-cjk")
    assert not (tmp_path / "chromium-root").exists()


def test_an_installation_that_fails_leaves_the_whole_browser(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt(HEADLESS)
    for name in ("may", "broken"):
        shelf.mark(name)
    with pytest.raises(NoBrowser):
        find_chromium(tmp_path)
    whole = shelf.program(WHOLE)
    assert find_chromium(tmp_path) == Chromium(whole, {})


def test_root_needs_no_sudo_and_others_only_where_it_asks_nothing(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert debian.root_prefix() is None
    shelf.apt()
    assert debian.root_prefix() is None
    shelf.mark("may")
    assert debian.root_prefix() == ["sudo", "-n"]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert debian.root_prefix() == []


def test_apt_is_asked_without_questions_and_says_whether_it_went_well(shelf: Shelf) -> None:
    shelf.apt()
    shelf.mark("may")
    shelf.program("apt-get", '[ "$DEBIAN_FRONTEND" = noninteractive ]')
    assert debian.install_packages(["one"])
    shelf.program("apt-get", "exit 100")
    assert not debian.install_packages(["one"])
    debian.refresh_lists()


def test_a_folder_of_fonts_that_is_named_is_taken_unseen(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_FONTS", "/opt/letters")
    assert find_fonts(tmp_path) == Path("/opt/letters")


def test_the_browsers_font_serves_papers_too(shelf: Shelf, tmp_path: Path) -> None:
    assert find_fonts(tmp_path) is None
    shelf.apt(HEADLESS)
    find_chromium(tmp_path)
    shelf.asked("")
    assert find_fonts(tmp_path) == tmp_path / "chromium-root/usr/share/fonts"
    assert shelf.asked("apt-get") == []


def test_a_font_is_unpacked_once_and_its_lack_stops_nothing(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt()
    shelf.mark("broken")
    assert find_fonts(tmp_path) is None
    (shelf.folder / "broken").unlink()
    assert find_fonts(tmp_path) == tmp_path / "fonts-root"
    shelf.asked("")
    assert find_fonts(tmp_path) == tmp_path / "fonts-root"
    assert shelf.asked("") == []


def test_a_font_is_installed_where_we_may(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt()
    shelf.mark("may")
    assert find_fonts(tmp_path) == tmp_path / "system fonts"
    shelf.mark("broken")
    assert find_fonts(tmp_path) is None


def test_the_newest_postgresql_that_has_postgis_is_unpacked_once(shelf: Shelf, tmp_path: Path) -> None:
    shelf.apt("postgresql-9-postgis-3", "postgresql-15-postgis-3", "postgresql-17", "postgresql-x-postgis-3")
    found, root = find_binaries(tmp_path), tmp_path / "postgres-root"
    assert found.bin == root / "usr/lib/postgresql/15/bin"
    assert (root / "usr/share/postgresql/15/extension/postgis.control").exists()
    assert found.environment["PROJ_DATA"] == str(root / "usr/share/proj")
    shelf.asked("")
    assert find_binaries(tmp_path) == found
    assert shelf.asked("") == []


def test_without_postgis_it_is_said_what_to_set(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(NoPostgres, match=r"install PostgreSQL 14 or newer .* or set WANGGE_DATABASE_URL"):
        find_binaries(tmp_path)
    shelf.apt("postgresql-17")
    with pytest.raises(NoPostgres, match=r"knows no postgresql-\*-postgis-3; set WANGGE_DATABASE_URL"):
        find_binaries(tmp_path)
