"""Chinese wording of validation messages, which the schema library gives in English alone."""

from __future__ import annotations

import re

_OTHER = "格式或取值不对"
_SAID = (
    (r"Missing data for required field\.|Field may not be null\.", "必填"),
    (r"Unknown field\.", "没有这个字段：去掉它，或改正名称"),
    (r"Must be one of: (.*)\.", "只能是：{}"),
    (r"Longer than maximum length (\d+)\.", "太长，最多 {} 个"),
    (r"Shorter than minimum length 1\.", "不能为空"),
    (r"Shorter than minimum length (\d+)\.", "太短，至少 {} 个"),
    (r"Length must be between (\d+) and (\d+)\.", "长度应为 {} 到 {}"),
    (r"Must be greater than or equal to (\S+) and less than or equal to (\S+)\.", "应在 {} 到 {} 之间"),
    (r"Must be greater than or equal to (\S+)\.", "不能小于 {}"),
    (r"Must be less than or equal to (\S+)\.", "不能大于 {}"),
    (r"Not a valid integer\.", "要填整数"),
    (r"Not a valid number\.", "要填数字"),
    (r"Not a valid string\.", "要填文字"),
    (r"Not a valid boolean\.", "只能是 true 或 false"),
    (r"Not a valid list\.|Invalid type\.", "要填列表"),
    (r"Not a valid UUID\.", "不是有效的编号"),
    (r"Not a valid date.*", "不是有效的日期，例如 2026-05-01"),
    (r"Not a time zone of the IANA.*", "不是 IANA 时区名，例如 Asia/Shanghai"),
    (r"Not a currency of ISO 4217.*", "不是现行货币的 ISO 4217 代码，例如 CNY"),
    (r"Not a code of small letters.*", "只能用小写字母、数字和下划线，字母开头"),
    (r"Not letters with one row of #.*", "要有一串 #（表示编号的位数），例如 N###"),
    (r"Not a time of day such as 08:30\.", "不是有效的时间，例如 08:30"),
)
_KNOWN = [(re.compile(pattern), zh) for pattern, zh in _SAID]


def in_chinese(sentence: str) -> str:
    """A schema's sentence in Chinese, with its numbers and choices; what it has no words for is wrong all
    the same."""
    for pattern, zh in _KNOWN:
        match = pattern.fullmatch(sentence)
        if match:
            return zh.format(*match.groups())
    return _OTHER
