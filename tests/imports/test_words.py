"""Texts, choices by their words, lists, yes and no, and what means nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from backend.core.installation import USUAL, installed_as
from backend.imports.reading import words
from backend.imports.reading.cleaning import means_nothing, one_width, shown, text_in
from backend.imports.reading.customer_fields import CATEGORY
from backend.imports.reading.people_fields import SKILL_WORDS, STAFF
from backend.imports.reading.shapes import Cell, Field
from backend.imports.reading.targets import TARGETS
from backend.imports.reading.wrong import Asking, Wrong

TEXT = Field("name", "户名", "Name", most=10)
FLAG = Field("is_active", "在岗", "Active", "flag")
SKILLS = next(one for one in STAFF if one.name == "skills")


def choice(word: str, **answers: Any) -> str | None:
    return words.choice(
        CATEGORY, word, Asking({f"word:category:{key}": value for key, value in answers.items()})
    )


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("  王\u3000 伟 ", "王 伟"),
        ("试验路１号Ａ座", "试验路1号A座"),
        ("（二期）", "（二期）"),
        ("王\u200b伟\ufeff\x07", "王伟"),
        ("一\n二\t三", "一 二 三"),
        (12.0, "12"),
        (12.5, "12.5"),
        (True, "true"),
        (date(2023, 5, 1), "2023-05-01"),
        (None, ""),
        ("José", "José"),
    ],
)
def test_texts_are_cleaned(cell: Cell, text: str) -> None:
    assert text_in(cell) == text


def test_numbers_have_one_width_and_no_quotes() -> None:
    assert one_width("'００１２") == "0012"
    assert one_width("1／2＂") == '1/2"'


def test_a_reason_quotes_what_stood_there() -> None:
    assert shown(" a ") == " a "
    assert (shown(None), len(shown("x" * 500))) == ("", 100)


def test_a_text_too_long_is_refused_not_cut() -> None:
    assert words.text(TEXT, "十" * 10, Asking({})) == "十" * 10
    with pytest.raises(Wrong) as refused:
        words.text(TEXT, "十" * 11, Asking({}))
    assert (refused.value.code, refused.value.arguments) == ("too_long", {"length": 11, "most": 10})


@pytest.mark.parametrize("word", ["", "-", "/", "无", "NULL", "N/A", "#N/A", "暂无", " — ", "\u200b"])
def test_what_means_nothing_is_empty(word: str) -> None:
    assert words.is_empty(TEXT, word)
    assert not word.strip() or means_nothing(text_in(word)) or not text_in(word)


def test_what_says_something_is_not_empty() -> None:
    assert not words.is_empty(TEXT, "无名氏")
    assert not words.is_empty(TEXT, 0)
    assert words.is_empty(TEXT, None)
    # 无 is no, where yes or no is asked.
    assert not words.is_empty(FLAG, "无")


@pytest.mark.parametrize("word", ["#REF!", "#VALUE!", "#DIV/0!", "#####"])
def test_what_a_sheet_could_not_work_out_is_refused(word: str) -> None:
    with pytest.raises(Wrong) as refused:
        words.is_empty(TEXT, word)
    assert refused.value.code == "sheet_error"


@pytest.mark.parametrize(
    ("word", "code"),
    [("居民", "resident"), ("居民用户", "resident"), ("Resident", "resident"), ("resident", "resident"),
     ("01-居民", "resident"), ("1居民", "resident"), ("居民（阶梯）", "resident"), ("大 用 户", "large"), ("VIP", "key"),
     ("ｖｉｐ", "key"), ("開發單位", "developer"), ("街道办", "community")],
)  # fmt: skip
def test_categories_by_their_words(word: str, code: str) -> None:
    assert choice(word) == code


def test_an_unknown_word_is_asked_about_and_the_answer_holds() -> None:
    with pytest.raises(Wrong) as refused:
        choice("丙类户")
    assert refused.value.code == "unknown_word"
    assert ("居民", "Resident") in refused.value.arguments["known"]
    assert choice("丙类户", 丙类户="special") == "special"
    assert choice("丙类户", 丙类户=words.LEFT_OUT) is None
    # What people say goes before what is known.
    assert choice("居民", 居民="key") == "key"


def test_posts_are_the_installations() -> None:
    post = next(one for one in STAFF if one.name == "post")
    assert words.choice(post, "网格员", Asking({})) == "customer_representative"
    own = {"customer_representative": ("网格客户代表", "Representative"), "diver": ("潜水员", "Diver")}
    with installed_as(replace(USUAL, posts=own)):
        assert words.choice(post, "潜水员", Asking({})) == "diver"
        with pytest.raises(Wrong) as refused:
            words.choice(post, "营业员", Asking({}))
        assert refused.value.arguments["known"] == list(own.values())


def test_lists_of_words_and_of_numbers() -> None:
    assert words.choices(SKILLS, "换表、阀门, 抢修", Asking({})) == ["meter", "valve", "large_main"]
    assert words.choices(SKILLS, "换表/水表更换", Asking({})) == ["meter"]
    assert words.choices(SKILLS, "管道维修", Asking({})) == ["pipe_repair"]
    with pytest.raises(Wrong):
        words.choices(SKILLS, "换表、唱歌", Asking({}))
    members = Field("members", "成员", "Members", most=20)
    assert words.names(members, "001、002 003;001", Asking({})) == ["001", "002", "003"]


@pytest.mark.parametrize("word", ["是", "有", "Y", "yes", "TRUE", "1", 1, True, "√", "满意", "在职"])
def test_yes(word: Cell) -> None:
    assert words.flag(FLAG, word, Asking({})) is True


@pytest.mark.parametrize("word", ["否", "无", "N", "no", "False", "0", 0, False, "×", "不满意", "离职"])
def test_no(word: Cell) -> None:
    assert words.flag(FLAG, word, Asking({})) is False


def test_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(Wrong) as refused:
        words.flag(FLAG, "也许", Asking({}))
    assert refused.value.code == "no_flag"


def test_no_word_means_two_things() -> None:
    fields = [one for target in TARGETS.values() for one in target.fields if one.choices]
    assert SKILL_WORDS.keys() == SKILLS.choices.keys()
    for field in fields:
        labels = [(word, code) for code, label in field.choices.items() for word in (code, *label)]
        others = [(word, code) for code, some in field.words.items() for word in some]
        assert {code for _, code in others} <= field.choices.keys()
        # A label's code wins; a further word that says another code would be read wrongly or never.
        odd = [(word, code) for word, code in others if words.code_of(field, word, Asking({})) != code]
        assert (field.name, odd) == (field.name, [])
        assert all(words.code_of(field, word, Asking({})) == code for word, code in labels)
