"""Strict stand-ins of the providers, each on a port of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notices import strict_stubs as stubs
from tests.notices.strict_stubs import Provider


@pytest.fixture
def aliyun() -> Iterator[Provider]:
    with stubs.served(stubs.aliyun) as provider:
        yield provider


@pytest.fixture
def wecom() -> Iterator[Provider]:
    with stubs.served(stubs.wecom) as provider:
        yield provider


@pytest.fixture
def dingtalk() -> Iterator[Provider]:
    with stubs.served(stubs.dingtalk) as provider:
        yield provider
