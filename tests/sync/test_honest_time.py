"""Event times of offline work: three clocks, three grades."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.change import Grade
from sync.honest_time import Exchange, Judged, effective, judge

RECEIVED = datetime(2026, 9, 2, 8, tzinfo=UTC)
BOOT = {"b": Exchange("b", 10_000_000, RECEIVED)}


def judged(
    happened_at: datetime,
    *,
    boot: str | None = "b",
    monotonic_ms: int | None = None,
    sent_at: datetime = RECEIVED,
) -> Judged:
    return judge(
        happened_at,
        boot=boot,
        monotonic_ms=monotonic_ms,
        sent_at=sent_at,
        received_at=RECEIVED,
        exchanges=BOOT,
    )


def test_finished_offline_and_synced_the_day_after_is_proven() -> None:
    hours = 16
    found = judged(RECEIVED - timedelta(hours=hours), monotonic_ms=10_000_000 - hours * 3_600_000)
    assert found == Judged(RECEIVED - timedelta(hours=hours), Grade.PROVEN)


@pytest.mark.parametrize(
    ("off_by_s", "grade"), [(0, Grade.PROVEN), (119, Grade.PROVEN), (121, Grade.MOVED), (-7200, Grade.MOVED)]
)
def test_two_minutes_of_disagreement_are_allowed(off_by_s: int, grade: Grade) -> None:
    true_time = RECEIVED - timedelta(hours=1)
    found = judged(true_time + timedelta(seconds=off_by_s), monotonic_ms=10_000_000 - 3_600_000)
    assert found.grade is grade
    assert found.at == true_time


def test_a_clock_that_was_wrong_all_along_but_never_moved_is_proven() -> None:
    skew = timedelta(days=-400)
    found = judged(
        RECEIVED + skew - timedelta(minutes=5), monotonic_ms=10_000_000 - 300_000, sent_at=RECEIVED + skew
    )
    assert found == Judged(RECEIVED - timedelta(minutes=5), Grade.PROVEN)


def test_after_a_reboot_the_time_is_only_claimed() -> None:
    found = judged(RECEIVED - timedelta(hours=3), boot="another", monotonic_ms=5)
    assert found == Judged(RECEIVED - timedelta(hours=3), Grade.CLAIMED)


@pytest.mark.parametrize("year", [1, 1970, 2099, 9999])
def test_absurd_clocks_never_lie_after_the_receipt(year: int) -> None:
    found = judged(
        datetime(year, 1, 1, tzinfo=UTC), boot=None, sent_at=datetime(max(year - 1, 1), 1, 1, tzinfo=UTC)
    )
    assert found.at <= RECEIVED
    assert found.grade is Grade.CLAIMED


def test_a_monotonic_clock_beyond_reason_does_not_overflow() -> None:
    assert judged(RECEIVED, monotonic_ms=2**60).at <= RECEIVED


def test_an_edit_counts_after_every_write_it_had_seen() -> None:
    seen = RECEIVED - timedelta(minutes=10)
    early = Judged(seen - timedelta(hours=1), Grade.CLAIMED)
    assert effective(early, [seen], RECEIVED) == seen + timedelta(microseconds=1)
    late = Judged(seen + timedelta(minutes=1), Grade.CLAIMED)
    assert effective(late, [seen], RECEIVED) == late.at
    assert effective(late, [], RECEIVED) == late.at


@pytest.mark.parametrize(("year", "sent"), [(9999, 1970), (1, 2099)])
def test_a_skew_beyond_the_calendar_leaves_the_receipt(year: int, sent: int) -> None:
    found = judged(datetime(year, 1, 1, tzinfo=UTC), boot=None, sent_at=datetime(sent, 1, 1, tzinfo=UTC))
    assert found == Judged(RECEIVED, Grade.CLAIMED)
