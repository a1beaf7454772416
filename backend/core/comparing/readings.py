"""Pinyin of names: every reading somebody may know a name by, that of its surname first, with initials."""

from __future__ import annotations

import itertools
from functools import cache, lru_cache

from backend.core.comparing import comparable, without_marks

# Of the characters that are read otherwise as a surname; the common reading is kept beside it.
_SURNAMES = {
    "曾": "zeng", "单": "shan", "單": "shan", "仇": "qiu", "解": "xie", "翟": "zhai", "区": "ou", "區": "ou",
    "朴": "piao", "查": "zha", "任": "ren", "华": "hua", "華": "hua", "盖": "ge", "蓋": "ge", "葛": "ge",
    "宁": "ning", "甯": "ning", "乐": "yue", "樂": "yue", "缪": "miao", "繆": "miao", "冼": "xian", "洗": "xian",
    "员": "yun", "員": "yun", "覃": "qin", "谌": "chen", "諶": "chen", "逄": "pang", "隗": "wei", "召": "shao",
    "纪": "ji", "紀": "ji", "黑": "he", "折": "she", "秘": "bi", "种": "chong", "祭": "zhai", "重": "chong",
    "能": "nai", "那": "na", "燕": "yan", "应": "ying", "應": "ying", "郗": "xi", "句": "gou", "过": "guo",
    "過": "guo", "卜": "bu", "宓": "mi", "尉": "wei", "於": "yu", "车": "che", "車": "che", "石": "shi",
    "沈": "shen", "晁": "chao", "柏": "bai", "薄": "bo", "贲": "ben", "賁": "ben", "乜": "nie", "殳": "shu",
    "郇": "xun", "郏": "jia", "郟": "jia", "郄": "qie", "幺": "yao", "么": "yao", "訾": "zi", "牟": "mu",
    "贾": "jia", "賈": "jia", "阚": "kan", "闞": "kan", "角": "jue", "繁": "po", "盛": "sheng", "臧": "zang",
    "藏": "zang", "行": "xing", "相": "xiang", "称": "chen", "稱": "chen", "费": "fei", "費": "fei", "都": "du",
    "不": "fou", "仉": "zhang", "炅": "gui", "眭": "sui", "钭": "tou", "鈄": "tou", "娄": "lou", "婁": "lou",
    "俞": "yu", "佘": "she", "褚": "chu", "芮": "rui", "靳": "jin", "亓": "qi", "禚": "zhuo", "妫": "gui",
    "哈": "ha", "翁": "weng", "干": "gan", "万": "wan", "萬": "wan", "曲": "qu", "令": "ling", "宿": "su",
    "占": "zhan", "长": "zhang", "長": "zhang", "便": "pian", "呙": "guo", "咼": "guo", "澹": "tan", "适": "kuo",
    "瞿": "qu", "逯": "lu", "笪": "da", "僪": "yu", "爨": "cuan", "厘": "xi", "亳": "bo", "强": "jiang",
}  # fmt: skip
_DOUBLE_SURNAMES = {
    "万俟": "mo qi", "尉迟": "yu chi", "尉遲": "yu chi", "单于": "chan yu", "單于": "chan yu", "澹台": "tan tai",
    "澹臺": "tan tai", "长孙": "zhang sun", "長孫": "zhang sun", "令狐": "ling hu", "皇甫": "huang fu",
    "鲜于": "xian yu", "鮮于": "xian yu", "宿六": "su liu", "呼延": "hu yan", "亓官": "qi guan", "濮阳": "pu yang",
    "太叔": "tai shu", "夏侯": "xia hou", "乐正": "yue zheng", "樂正": "yue zheng",
}  # fmt: skip
_BEFORE_SURNAMES = "小老阿"
# How many readings of a character are kept, of the surname and of the others, in names no longer than this.
_OF_SURNAME, _OF_OTHERS, _LONGEST = 4, 2, 4
_MOST = 12
# How people type the sound that has no key.
_UMLAUTS = (("lv", "lyu"), ("lv", "lu"), ("nv", "nyu"), ("nv", "nu"))

Syllables = tuple[str, ...]


@lru_cache(maxsize=4096)
def readings_of(name: str) -> tuple[str, ...]:
    """Each reading in full and by its initials, the commonest first: 曾国强 has `cengguoqiang`, `zgq` and
    more."""
    return _written(name, every=True)


@lru_cache(maxsize=4096)
def readings_of_surname(name: str) -> tuple[str, ...]:
    """As `readings_of`, but of the surname's readings alone: 张行 is `zhangxing`, 曾行 `cengxing` and
    `zengxing`."""
    return _written(name, every=False)


def _written(name: str, *, every: bool) -> tuple[str, ...]:
    form = without_marks(comparable(name))
    usual, letters = _sounds(form)
    found: list[str] = []
    readings = _readings(form, usual, every=every)
    for reading in readings:
        initials = (
            one[:1] if one != was else letter
            for one, was, letter in zip(reading, usual, letters, strict=True)
        )
        found += ["".join(reading), "".join(initials)]
    found += [spelling for reading in readings for spelling in _spellings(reading)]
    return tuple(one for one in dict.fromkeys(found) if one)


@lru_cache(maxsize=4096)
def _sounds(form: str) -> tuple[list[str], list[str]]:
    """The usual syllables and their first letters; both kinds of reading ask for those of every new name."""
    # Its table of phrases takes half a second to read, which most commands need not wait for.
    from pypinyin import Style, lazy_pinyin

    return lazy_pinyin(form), lazy_pinyin(form, style=Style.FIRST_LETTER)


def _readings(form: str, usual: list[str], *, every: bool) -> list[Syllables]:
    choices = [[one] for one in usual]
    # 小仇 is of the surname 仇.
    at = 1 if len(form) == len(usual) == 2 and form[0] in _BEFORE_SURNAMES else 0
    if choices and usual[0] != form[: len(usual[0])]:
        choices[at] += [_SURNAMES[form[at]]] if form[at] in _SURNAMES else []
        choices[at] += _heteronyms(form[at], _OF_SURNAME) if every else []
    if every and len(usual) == len(form) <= _LONGEST:
        for place in range(1, len(form)):
            choices[place] += _heteronyms(form[place], _OF_OTHERS)
    ranked = [list(enumerate(dict.fromkeys(one))) for one in choices]
    combined = itertools.islice(itertools.product(*ranked), 1000)
    by_rank = sorted(combined, key=lambda one: sum(rank for rank, _ in one))
    found = [tuple(syllable for _, syllable in one) for one in by_rank[:_MOST]]
    double = _DOUBLE_SURNAMES.get(form[:2])
    return [found[0], (*double.split(), *usual[2:]), *found[1:]] if double and len(usual) > 1 else found


@cache
def _heteronyms(sign: str, most: int) -> list[str]:
    from pypinyin import Style, pinyin

    found = pinyin(sign, style=Style.NORMAL, heteronym=True)
    return found[0][:most] if found and found[0][0] != sign else []


def _spellings(reading: Syllables) -> list[str]:
    whole = "".join(reading)
    found = []
    for was, now in _UMLAUTS:
        spelled = "".join(now + one[2:] if one.startswith(was) else one for one in reading)
        found += [spelled] if spelled != whole else []
    return found
