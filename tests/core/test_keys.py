"""The key ring: purposes apart, older keys kept, weak ones refused, its file its owner's alone."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from backend.core import config
from backend.core.errors import Problem
from backend.core.keys import BACKUPS, CURSORS, LINKS, PURPOSES, SEALS, Keys, Ring, UnsafeKey, keys_at
from backend.evidence.services.sharing import share, shared_subject
from sync.cursor import Cursor, CursorSeal, Holder
from sync.errors import StartCompare

ROOT = Path(__file__).parents[2]
STRONG = "b0a81f6c7d2e49359c1f8e7d6a5b4c3d-of-this-test"
HOLDER = Holder("user", "device", "store")


def ring_at(folder: Path) -> Keys:
    keys = Keys(folder / "keys.json")
    keys.ensure(folder)
    return keys


def test_each_purpose_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = ring_at(tmp_path)
    secrets = [secret for purpose in PURPOSES for secret in keys.secrets(purpose)]
    assert len(set(secrets)) == len(PURPOSES) == 4
    assert len({one.id for one in keys.ring().keys}) == 4
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_one_shared_secret_gives_every_server_the_same_keys_and_no_purpose_anothers(tmp_path: Path) -> None:
    one, other = Keys(tmp_path / "none", secret=STRONG), Keys(tmp_path / "neither", secret=STRONG)
    for purpose in (LINKS, CURSORS, SEALS):
        assert one.secrets(purpose) == other.secrets(purpose)
    assert one.secrets(LINKS)[-1] != one.secrets(CURSORS)[-1]
    assert STRONG in one.secrets(CURSORS)[:-1]
    with pytest.raises(UnsafeKey, match="wangge keys rotate backups"):
        one.of(BACKUPS)


def test_a_cursor_and_a_link_go_on_after_a_rotation_and_end_when_their_key_is_forgotten(
    tmp_path: Path,
) -> None:
    keys = ring_at(tmp_path)
    seal = CursorSeal(lambda: keys.secrets(CURSORS))
    token, link = seal.seal(Cursor(1, 7), HOLDER), share(keys, "paper", ["a job"], 1)
    before = keys.ring()
    keys.write(before.rotated([CURSORS, LINKS]))
    assert seal.open(token) == (Cursor(1, 7), HOLDER)
    assert shared_subject(keys, "paper", link) == ["a job"]
    assert seal.seal(Cursor(1, 7), HOLDER) != token
    ring = keys.ring()
    for one in (*before.of(CURSORS), *before.of(LINKS)):
        ring = ring.without(one.id)
    keys.write(ring)
    with pytest.raises(StartCompare):
        seal.open(token)
    with pytest.raises(Problem, match="link_ended"):
        shared_subject(keys, "paper", link)


def test_a_key_for_later_opens_at_once_and_does_not_sign_yet(tmp_path: Path) -> None:
    keys = ring_at(tmp_path)
    signing = keys.of(CURSORS)[-1]
    keys.write(keys.ring().rotated([CURSORS], timedelta(minutes=60)))
    assert keys.of(CURSORS)[-1] == signing
    coming = next(one for one in keys.of(CURSORS) if one != signing)
    elsewhere = CursorSeal(coming.secret).seal(Cursor(3), HOLDER)
    assert CursorSeal(lambda: keys.secrets(CURSORS)).open(elsewhere)[0].epoch == 3


def test_the_same_ring_by_the_environment(tmp_path: Path) -> None:
    text = ring_at(tmp_path).ring().as_text()
    environment = {"WANGGE_HOME": str(tmp_path / "other"), "WANGGE_KEYS": text}
    assert config.read(environment).keys.ring() == ring_at(tmp_path).ring()


WEAK = {
    "empty": "",
    "blank": " " * 40,
    "the example's of before": "change-me-to-48-random-bytes",
    "an example's, longer": "CHANGE-ME-to-48-random-bytes-of-your-own-please",
    "short": "0123456789abcdef0123456789abcde",
    "one letter": "a" * 64,
}


@pytest.mark.parametrize("secret", WEAK.values(), ids=WEAK)
def test_a_key_that_is_none_starts_nothing(secret: str) -> None:
    with pytest.raises(UnsafeKey) as caught:
        config.read({"WANGGE_SECRET_KEY": secret})
    assert "不能启动" in str(caught.value)
    assert "take the line out" in str(caught.value)
    assert not secret.strip() or secret not in str(caught.value)


@pytest.mark.parametrize(
    ("way_in", "more", "words"),
    [
        ("backend.wsgi", {}, "there is no key for links"),
        ("backend.worker", {"WANGGE_SECRET_KEY": ""}, "take the line out"),
    ],
)
def test_no_process_of_a_server_starts_without_a_key(
    way_in: str, more: dict[str, str], words: str, tmp_path: Path
) -> None:
    environment = {one: value for one, value in os.environ.items() if not one.startswith("WANGGE_")}
    environment |= {
        "WANGGE_HOME": str(tmp_path),
        "WANGGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    }
    command = [sys.executable, "-c", f"import {way_in}"]
    done = subprocess.run(
        command, env=environment | more, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert words in done.stderr


def test_the_examples_of_deploy_hold_no_key() -> None:
    lines = (ROOT / "deploy/environment.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert config.read(given).secret_key == ""
    # Nothing stands where a secret must: composing without one ends.
    assert 'WANGGE_SECRET_KEY: "${SECRET_KEY:?}"' in (ROOT / "deploy/compose.yaml").read_text()


def test_an_old_homes_empty_key_opens_nothing_but_old_seals(tmp_path: Path) -> None:
    """A machine that lost its power while it made its first key left an empty file, and went on with it."""
    (tmp_path / "secret-key").touch()
    keys = ring_at(tmp_path)
    assert "" not in keys.secrets(CURSORS)
    assert "" not in keys.secrets(LINKS)
    assert keys.secrets(SEALS)[0] == ""
    assert len(keys.secrets(SEALS)) == 2


def test_an_old_homes_key_is_kept_for_what_it_signed(tmp_path: Path) -> None:
    (tmp_path / "secret-key").write_text(STRONG)
    keys = ring_at(tmp_path)
    for purpose in (LINKS, CURSORS, SEALS):
        assert keys.secrets(purpose)[0] == STRONG
        assert keys.secrets(purpose)[-1] != STRONG
    before = keys.ring()
    keys.ensure(tmp_path)
    assert ring_at(tmp_path).ring() == before


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
def test_a_ring_that_lies_open_is_closed(mode: int, tmp_path: Path) -> None:
    ring = ring_at(tmp_path).ring()
    (tmp_path / "keys.json").chmod(mode)
    assert Keys(tmp_path / "keys.json").ring() == ring
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"keys": [{"id": "x"}]}', '{"keys": 1}'])
def test_a_spoiled_ring_is_said_and_never_made_anew(content: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(UnsafeKey, match="bring back your copy"):
        ring_at(tmp_path)
    assert (tmp_path / "keys.json").read_text() == content


def test_a_server_goes_on_with_the_ring_it_knows_when_the_file_is_away_for_a_moment(tmp_path: Path) -> None:
    keys = ring_at(tmp_path)
    known = keys.ring()
    (tmp_path / "keys.json").unlink()
    assert keys.ring() == known


def test_one_object_for_the_same_settings(tmp_path: Path) -> None:
    assert keys_at(tmp_path / "a", "", "") is keys_at(tmp_path / "a", "", "")
    assert Ring.parse(Ring().rotated(PURPOSES).as_text()).of(LINKS)
