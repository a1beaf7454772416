"""The contract of the object store, run on disk, in memory and on S3."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from obstore.exceptions import BaseError

from backend.core.blobs.store import BlobStore, ObjectBlobs, key_of, open_blobs
from backend.local.processes import free_port
from tests.s3 import s3  # noqa: F401 - a fixture


@pytest.fixture(params=["disk", "disk with a space", "memory", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    """Each kind of store."""
    if request.param == "s3":
        for name, value in request.getfixturevalue("s3").items():
            monkeypatch.setenv(name, value)
        return open_blobs(f"s3://photos/{tmp_path.name}")
    folder = tmp_path / ("with a space" if "space" in request.param else "plain")
    return open_blobs("memory://" if request.param == "memory" else folder.as_uri())


def test_a_file_of_ours_is_kept_and_may_go(blobs: BlobStore, tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"bytes" * 1000)
    for _ in range(2):
        blobs.keep("sha256/cd/cde", part)
    part.unlink()
    assert blobs.get("sha256/cd/cde") == b"bytes" * 1000
    assert blobs.size("sha256/cd/cde") == 5000


def test_its_beginning_and_the_whole(blobs: BlobStore) -> None:
    data = bytes(range(256)) * 10_000
    blobs.put("k", iter([data]))
    assert b"".join(blobs.read("k", 0, len(data))) == data
    assert b"".join(blobs.read("k", 0, 1_500_000)) == data[:1_500_000]
    with pytest.raises(FileNotFoundError):
        list(blobs.read("nothing", 0, 5))


@pytest.mark.parametrize(
    "blobs", ["disk", "memory"], indirect=True
)  # rclone's server answers a range with 200, not 206.
def test_a_part_of_it(blobs: BlobStore) -> None:
    data = bytes(range(256)) * 10_000
    blobs.put("k", iter([data]))
    assert b"".join(blobs.read("k", 5, 2_000_001)) == data[5:2_000_001]


def test_a_file_on_another_disk_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_disk(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("os.link", other_disk)
    part = tmp_path / "part"
    part.write_bytes(b"bytes")
    blobs = open_blobs((tmp_path / "kept").as_uri())
    blobs.keep("sha256/cd/cde", part)
    assert blobs.get("sha256/cd/cde") == b"bytes"


def test_a_store_that_is_away_says_so_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port(19900)}",
        "AWS_ACCESS_KEY_ID": "us",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BaseError):
        open_blobs("s3://photos").put("k", iter([b"x"]))


def test_what_was_put_comes_back_equal(blobs: BlobStore) -> None:
    blobs.put("sha256/ab/abc", iter([b"one", b"two"]))
    assert blobs.get("sha256/ab/abc") == b"onetwo"
    assert blobs.has("sha256/ab/abc")


def test_large_bytes_come_back_equal(blobs: BlobStore) -> None:
    data = bytes(range(256)) * 40_000
    blobs.put("k", (data[n : n + 65_536] for n in range(0, len(data), 65_536)))
    assert blobs.get("k") == data


def test_a_key_names_its_content_and_is_never_written_again(blobs: BlobStore) -> None:
    blobs.put("k", iter([b"first"]))
    blobs.put("k", iter([b"second"]))
    assert blobs.get("k") == b"first"


def test_what_is_not_there_says_so(blobs: BlobStore) -> None:
    assert not blobs.has("nothing")
    with pytest.raises(FileNotFoundError):
        blobs.get("nothing")


def test_keys_spread_over_folders() -> None:
    assert key_of("ab" * 32) == f"sha256/ab/{'ab' * 32}"


def test_what_it_holds_is_listed(blobs: BlobStore) -> None:
    data = {f"sha256/{number:02}/{number}": b"x" * number for number in range(12)}
    for key, content in data.items():
        blobs.put(key, iter([content]))
    assert isinstance(blobs, ObjectBlobs)
    assert dict(blobs.listing()) == {key: len(content) for key, content in data.items()}


def test_what_is_removed_is_gone_and_may_come_again(blobs: BlobStore) -> None:
    blobs.put("exports/one.zip", [b"first"])
    for _ in range(2):
        blobs.remove("exports/one.zip")
        assert not blobs.has("exports/one.zip")
    blobs.put("exports/one.zip", [b"second"])
    assert blobs.get("exports/one.zip") == b"second"
