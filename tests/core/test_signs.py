"""Signs no font has: found with few questions, marked one by one, and a text made to be slow stays quick."""

from __future__ import annotations

from backend.core.papers.signs import MARK, MOST_TRIALS, is_nobodys, marked, plain, told, unshown


def asked_of(*missing: str) -> tuple[list[str], object]:
    """A setter that lacks these signs, and what it was asked."""
    asked: list[str] = []

    def shows(text: str) -> bool:
        asked.append(text)
        return not set(text) & set(missing)

    return asked, shows


def test_missing_signs_are_found_by_halves() -> None:
    letters = [chr(0x4E00 + n) for n in range(1000)]
    asked, shows = asked_of(letters[17], letters[800])
    missing = unshown(["".join(letters), "plain"], shows)  # type: ignore[arg-type]
    assert missing == {letters[17], letters[800]}
    assert len(asked) < 50
    asked, shows = asked_of()
    assert unshown(["".join(letters)], shows) == frozenset() and len(asked) == 1  # type: ignore[arg-type]
    assert unshown(["only ASCII"], shows) == frozenset()  # type: ignore[arg-type]


def test_a_text_of_nothing_but_missing_signs_is_given_up_and_marked() -> None:
    many = [chr(0x20000 + n) for n in range(2000)]
    asked, shows = asked_of(*many)
    assert unshown(["".join(many)], shows) == set(many)  # type: ignore[arg-type]
    assert len(asked) <= MOST_TRIALS


def test_a_text_made_to_be_slow_costs_no_sign_of_daily_use() -> None:
    """With more missing signs than questions, below and above the Chinese ones in Unicode's order."""
    scripts = [sign for n in range(0x1200, 0x1380) if not is_nobodys(sign := chr(n))]
    rare = scripts + [chr(0x20000 + n * 2) for n in range(2000)]
    daily = [sign for n in range(0x4E00, 0x9000) if (sign := chr(n)).encode("gb2312", "ignore")]
    asked, shows = asked_of(*rare)
    missing = unshown(["".join(daily) + "网格é№" + "".join(rare)], shows)  # type: ignore[arg-type]
    assert missing >= set(rare) and missing.isdisjoint([*daily, *"网格é№"])
    assert len(asked) <= MOST_TRIALS


def test_what_is_seen_as_one_sign_is_one_mark_and_letters_keep_their_accents() -> None:
    missing = frozenset("👨👩👧🏽🇨🇳\u0301")
    assert marked("a👨\u200d👩\u200d👧b", missing) == f"a{MARK}b"
    assert marked("👨🏽👨 🇨🇳🇨🇳", missing) == f"{MARK}{MARK} {MARK}{MARK}"
    assert marked("e\u0301", missing) == "é" and marked("q\u0301", missing) == f"q{MARK}"


def test_lines_end_in_one_way_and_nothing_turns_them_round() -> None:
    assert plain("a\r\nb\rc\x0bd\u2028e") == "a\nb\nc\nd\ne"
    assert plain("\u202e12\u202c-\u200f\ufeff") == "12-\u200f"
    assert [one for one in "\x00\x07\ud83d\ue000\ufffe" if not is_nobodys(one)] == []
    assert not is_nobodys("\n") and not is_nobodys("网")


def test_a_note_tells_a_dozen() -> None:
    assert told("😀\ue000") == "U+E000 U+1F600"
    assert told(chr(0x1F300 + n) for n in range(40)).endswith("U+1F30B …")
