"""The posts of this installation as the choices of a field: as they are when a row is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend.core.installation import installed


class InstalledPosts(Mapping[str, tuple[str, str]]):
    """Code -> name in Chinese and English."""

    def __getitem__(self, code: str) -> tuple[str, str]:
        return installed().posts[code]

    def __iter__(self) -> Iterator[str]:
        return iter(installed().posts)

    def __len__(self) -> int:
        return len(installed().posts)
