"""Writes the tables of the privacy pages, `docs/privacy.md` and `docs/zh/privacy.md`: what is kept of people
in records, by the kinds' masks, and besides records, by `privacy.toml` with the code's own periods.

A table stands between two comments, `<!-- name -->` and `<!-- /name -->`; the words around them are written
by hand.
"""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from backend.core import config
from backend.core.actor import DESK, OFFICE
from backend.core.kinds.registry import KINDS
from backend.core.queries.masks import masks_of
from backend.core.services import dead_facts, tidying
from backend.customers.services import call_backs
from backend.evidence.services import uploading
from backend.imports.services import keeping
from backend.notices.services import sent_messages
from backend.notices.services.tidying import ADDRESS_DAYS
from backend.people.api.account_links import MOST_HOURS
from backend.people.services import phone_recovery, positions
from deploy.dictionary import LANGUAGES, MASKED, roles_named, seen_by
from sync.push import HOLD_FOR

KEPT: dict[str, Any] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
# What is written of a person as free text: masks take telephone numbers out of it, nothing else.
_FREE = "text"
_PERSONAL = (
    "| 记录 | 有关个人的字段 | 审计员看到 | 谁能看到 | `wangge erase` 消除 |",
    "| record | fields of a person | an auditor sees | who sees it | `wangge erase` takes it |",
)
_BESIDE = (
    "| 存在 | 谁的 | 什么 | 为什么 | 多久 | 谁能看到 |",
    "| kept in | of whom | what | why | how long | who sees it |",
)


def periods() -> dict[str, Any]:
    """Each period by its name in the file, as the code has it where the operator sets nothing else."""
    usual = config.read({})
    return {
        "position_days": usual.position_days,
        "message_days": usual.message_days,
        "refresh_days": usual.refresh_days,
        "address_days": ADDRESS_DAYS,
        "token_days": tidying.KEEP_TOKENS.days,
        "fact_days": tidying.KEEP_FACTS.days,
        "removal_days": tidying.KEEP_REMOVALS.days,
        "import_days": keeping.KEEP_ROWS.days,
        "upload_days": uploading.LIVES.days,
        "link_days": MOST_HOURS // 24,
        "recovery_hours": phone_recovery.HOLDS // timedelta(hours=1),
        "hold_hours": HOLD_FOR // timedelta(hours=1),
    }


def roles(n: int) -> dict[str, str]:
    """Who is let in, by its name in the file, as the code asks."""
    asked = {
        "office": OFFICE,
        "desk": DESK,
        "lookers": positions.LOOKERS,
        "callers": call_backs.CALLS | call_backs.DRAWS,
        "messages": sent_messages.SEES,
        "facts": dead_facts.ASKED,
    }
    return {name: roles_named(some, n) for name, some in asked.items()}


def personal_fields(language: str) -> str:
    """The table of personal fields: a row for each kind and way of masking."""
    n = LANGUAGES[language]
    rows = [_PERSONAL[n], "|---|---|---|---|---|"]
    for kind in KINDS.values():
        masks = masks_of(kind)
        for how in sorted(set(masks.values()) - {_FREE}):
            names = [name for name, mask in masks.items() if mask == how]
            erased = [name for name in names if name in kind.personal]
            rows.append(
                f"| {(kind.zh, kind.en)[n]} | {_fields(kind, names, n)} | {MASKED[how][n]} | "
                f"{('；', '; ')[n].join(seen_by(kind, n))} | {_fields(kind, erased, n)} |"
            )
    return "\n".join(rows)


def _fields(kind: Any, names: list[str], n: int) -> str:
    wired = kind.wired
    return ("、", ", ")[n].join(f"{(wired[name].zh, wired[name].en)[n]} (`{name}`)" for name in names)


def beside_records(language: str) -> str:
    """The table of what is kept besides records, in the file's order."""
    n = LANGUAGES[language]
    said = periods() | roles(n)
    rows = [_BESIDE[n], "|---|---|---|---|---|---|"]
    for name, one in KEPT["tables"].items():
        tables = ", ".join(f"`{table}`" for table in (name, *one.get("also", ())))
        rows.append(f"| {tables} | {' | '.join(one[language]).format(**said)} |")
    return "\n".join(rows)


def filled(text: str, language: str) -> str:
    """A page with its tables as the code has them."""
    for name, table in (("personal", personal_fields), ("beside", beside_records)):
        opened, closed = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = text.partition(opened)
        text = f"{before}{opened}\n{table(language)}\n\n{closed}{rest.partition(closed)[2]}"
    return text
