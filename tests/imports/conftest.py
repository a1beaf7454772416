"""Reading in this process for the tests of what is read; those of the walls go through the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from backend.core.confined import frames
from backend.imports.reading import sheet_reader, tables


class InProcess:
    """Answers as the confined process does, over the same frames, without starting one."""

    def __init__(self, module: str, limits: object) -> None:
        assert module == sheet_reader.__name__

    def __enter__(self) -> InProcess:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def ask(self, question: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        asked, sent = frames.unpacked(frames.packed(question, data))
        return frames.unpacked(frames.packed(*sheet_reader.answer(asked, sent)))


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tables, "Reader", InProcess)
    yield
