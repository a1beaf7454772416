"""The contract of a place for bytes, run on disk and in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.blobs.store import BlobStore, key_of, open_blobs


@pytest.fixture(params=["disk", "disk with a space", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Each kind of store."""
    folder = tmp_path / ("with a space" if "space" in request.param else "plain")
    return open_blobs("memory://" if request.param == "memory" else folder.as_uri())


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
