"""The state's notice of holidays becomes a calendar; one that does not agree with itself is refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.limits.clock.days import calendar_from
from backend.limits.reading.fields import Refused
from backend.limits.reading.notices import calendar_in_notice
from backend.people.kinds.calendar import check
from backend.setup.services.holiday_calendars import CHINA, calendar_of
from tests.limits.notices import NOTICES, notice


@pytest.mark.parametrize("year", sorted(set(NOTICES) - {2019}))
def test_a_notice_says_the_same_days_as_a_library_that_strangers_keep(year: int) -> None:
    found, known = calendar_in_notice(notice(year)), calendar_of(year, CHINA, language="zh")
    assert (found["year"], found["is_published"]) == (year, True)
    its_own = [one for one in found["days"] if one["day"].startswith(str(year))]
    assert [(one["day"], one["is_working"]) for one in its_own] == [
        (one["day"], one["is_working"]) for one in known["days"]
    ]
    assert check({**found}) == []


def test_days_of_the_year_before_are_kept_where_they_are_swapped() -> None:
    found = calendar_in_notice(notice(2019))
    assert found["days"][0] == {"day": "2018-12-29", "is_working": True, "name": "元旦"}
    assert found["days"][1] == {"day": "2018-12-31", "is_working": False, "name": "元旦"}
    assert check({**found}) == []


def test_a_holiday_is_named_as_the_notice_does() -> None:
    names = {one["name"] for one in calendar_in_notice(notice(2025))["days"]}
    assert names >= {"元旦", "春节", "国庆节、中秋节"}
    published = calendar_from([calendar_in_notice(notice(2026))])
    assert published.published == {2026}
    assert list(published.names.values()).count("春节") == 8


@pytest.mark.parametrize(
    "changed",
    [
        lambda text: text.replace("\n", ""),
        lambda text: text.replace("\n", "\r\n\r\n　　"),
        lambda text: unicodedata.normalize("NFKC", text),
        lambda text: f"首页 > 政务 > 2025年的旧闻\n{text}\n相关阅读：3月4日（周三）天气",
        lambda text: text.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)}),
    ],
)
def test_a_notice_may_be_pasted_from_anywhere(changed: object) -> None:
    assert callable(changed)
    assert calendar_in_notice(changed(notice(2026))) == calendar_in_notice(notice(2026))


@pytest.mark.parametrize(
    ("old", "new", "field", "code", "about"),
    [
        ("关于2026年", "关于某年", "notice", "notice_without_year", ""),
        ("关于2026年", "关于9999年", "notice", "notice_without_year", ""),
        ("共9天", "共8天", "春节", "notice_count", "2月15日"),
        ("至23日", "至13日", "春节", "notice_weekday", "2026-02-13"),
        ("5月9日（周六）上班", "5月9日（周日）上班", "劳动节", "notice_weekday", "2026-05-09"),
        ("5月9日（周六）上班", "5月8日上班", "劳动节", "notice_weekday", "5月8日"),
        ("4月4日（周六）至6日（周一）放假", "照常休息", "清明节", "notice_unread", "照常休息"),
        ("6月19日（周五）", "6月31日", "端午节", "notice_no_day", "6-31"),
        ("9月20日（周日）", "9月27日（周日）", "国庆节", "notice_twice", "2026-09-27"),
    ],
)
def test_a_notice_that_does_not_agree_with_itself_is_refused_at_the_holiday(
    old: str, new: str, field: str, code: str, about: str
) -> None:
    text = notice(2026)
    assert old in text
    with pytest.raises(Refused) as refused:
        calendar_in_notice(text.replace(old, new))
    wrong = refused.value.wrong
    assert (wrong["field"], wrong["code"]) == (field, code)
    assert wrong.get("about", "").startswith(about)


@pytest.mark.parametrize(
    "put",
    [
        "，5月9日（周六）上班。", "；5月9日（周六）上班。", "。5月9日（周六）上班；", "。5月9日（周六）照常上班！",
        "。5月9日（周六）上班，窗口照常营业。", "。5月9日（周六）为工作日。",
    ],
)  # fmt: skip
def test_a_worked_day_is_read_however_its_sentence_ends(put: str) -> None:
    text = notice(2026)
    assert "。5月9日（周六）上班。" in text
    found = calendar_in_notice(text.replace("。5月9日（周六）上班。", put))
    assert found == calendar_in_notice(text)
    with pytest.raises(Refused):
        calendar_in_notice(text.replace("。5月9日（周六）上班。", put.replace("9日（周六）", "8日")))


def test_a_title_alone_is_no_notice() -> None:
    with pytest.raises(Refused) as refused:
        calendar_in_notice("国务院办公厅关于2027年部分节假日安排的通知")
    assert refused.value.wrong["code"] == "notice_incomplete"
    assert "元旦、春节、清明" in refused.value.wrong["zh"]


def test_a_notice_pasted_in_part_is_refused() -> None:
    text = notice(2026)
    for end in ("四、劳动节", "七、国庆节"):
        with pytest.raises(Refused) as refused:
            calendar_in_notice(text[: text.index(end)])
        assert "国庆" in refused.value.wrong["en"]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 600),
    st.integers(0, 30),
    st.text("0123456789月日至（）周一、。放假上班共天：", max_size=12),
)
def test_a_damaged_notice_is_read_or_refused_and_breaks_nothing(at: int, length: int, put: str) -> None:
    text = notice(2026)
    try:
        found = calendar_in_notice(text[:at] + put + text[at + length :])
    except Refused as refused:
        assert {"field", "code", "zh", "en"} <= refused.wrong.keys()
    else:
        assert check({**found}) == []
