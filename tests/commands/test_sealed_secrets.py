"""Keys and seals in a file of their own: a passphrase or another's key opens it, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pyrage
import pytest

from backend.core.keys import PURPOSES, SEALS, Keys, Ring
from backend.local.encryption import NoIdentity
from backend.local.sealed_secrets import Opener, opened, read_passphrase, sealed, take_in

PASSPHRASE = "twelve taps drip at night"


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """A ring of a home with two seals."""
    found = Keys(tmp_path / "keys.json")
    found.ensure(tmp_path)
    (tmp_path / "seals.jsonl").write_bytes(b'{"number": 1}\n{"number": 2}\n')
    return found


def test_a_passphrase_opens_what_it_closed_and_another_does_not(keys: Keys, tmp_path: Path) -> None:
    data = sealed(keys, tmp_path, Opener(PASSPHRASE))
    assert not any(one.secret.encode() in data for one in keys.ring().keys)
    found = opened(data, Opener(PASSPHRASE))
    assert (found.ring, found.seals) == (keys.ring(), [b'{"number": 1}', b'{"number": 2}'])
    for spoilt, passphrase in ((data, "twelve taps drip at noon"), (data[:-5], PASSPHRASE)):
        with pytest.raises(NoIdentity, match="do not open"):
            opened(spoilt, Opener(passphrase))


def test_a_public_key_closes_it_for_whoever_has_the_other_half(keys: Keys, tmp_path: Path) -> None:
    mine, theirs = (pyrage.x25519.Identity.generate() for _ in range(2))
    data = sealed(keys, tmp_path, Opener(keys=[mine.to_public()]))
    assert opened(data, Opener(keys=[theirs, mine])).ring == keys.ring()
    for opener in (Opener(keys=[theirs]), Opener()):
        with pytest.raises(NoIdentity):
            opened(data, opener)
    with pytest.raises(NoIdentity, match="cannot be read"):
        opened(pyrage.encrypt(b'{"keys": 5}', [mine.to_public()]), Opener(keys=[mine]))


def test_taking_in_adds_and_replaces_nothing(keys: Keys, tmp_path: Path) -> None:
    mine = pyrage.x25519.Identity.generate()
    secrets = opened(sealed(keys, tmp_path, Opener(keys=[mine.to_public()])), Opener(keys=[mine]))
    assert take_in(secrets, keys, tmp_path) is None
    assert keys.ring() == secrets.ring, "they are here already"
    new = Keys(tmp_path / "new/keys.json")
    new.write(Ring().rotated(PURPOSES))
    own = new.of(SEALS)[-1]
    (tmp_path / "new/seals.jsonl").write_bytes(b"of this machine\n")
    take_in(secrets, new, tmp_path / "new")
    assert new.of(SEALS)[-1] == own
    assert set(new.ring().keys) > set(keys.ring().keys)
    assert (tmp_path / "new/seals.jsonl").read_bytes() == b"of this machine\n"


@pytest.mark.parametrize("told", ["", "short", "aaaaaaaaaaaaaaaaaaaa", "\nsecond line is not looked at"])
def test_a_passphrase_that_is_easily_guessed_is_refused(tmp_path: Path, told: str) -> None:
    (tmp_path / "passphrase").write_text(told)
    with pytest.raises(NoIdentity, match="easily guessed"):
        read_passphrase(tmp_path / "passphrase")


def test_a_passphrase_is_its_files_first_line(tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text(f"  {PASSPHRASE}\nwritten down by hand\n")
    assert read_passphrase(tmp_path / "passphrase") == PASSPHRASE
    assert read_passphrase(None) == ""
