"""Judges the accounts that rows of a staff table ask for: whether each can be opened or changed."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from backend.core.comparing.phones import login_form
from backend.imports.reading.parts import Part
from backend.imports.reading.wrong import reason
from backend.imports.services.rows import Judged, RowIn, Rules, Write
from backend.people.queries.accounts import Standing, login_holders, standing_of
from sync.change import Stored

ACCOUNT = "account"


class AccountJudge:
    """Judges accounts in chunks: a chunk asks for those of its people, and who holds its logins, at once."""

    def __init__(self, session: Session, rules: Rules, taken: dict[str, str]) -> None:
        self._session, self._rules = session, rules
        self._accounts: dict[str, Standing] = {}
        # Login -> whose it is; what earlier rows of the file take stays taken.
        self._holders = taken

    def look_ahead(self, people: Iterable[str], rows: Iterable[RowIn]) -> None:
        """Ask now for all that these rows concern."""
        self._accounts |= standing_of(self._session, set(people))
        forms = {
            login_form(str(row.values.get(one) or "")) for row in rows for one in ("login", "staff_number")
        }
        for form, holder in login_holders(self._session, forms - {""}).items():
            self._holders.setdefault(form, holder)

    def forget(self) -> None:
        """What earlier rows would have taken was not written after all."""
        self._accounts.clear()
        self._holders.clear()

    def judge(self, row: RowIn, part: Part, before: Stored | None, judged: Judged) -> None:
        """Adds the account that a row of staff makes or changes, or why it cannot."""
        staff_id = judged.record_id
        if judged.reasons or staff_id is None or not _works(row, before):
            return
        account = self._accounts.get(staff_id)
        roles, login = part.values.get("roles"), self._own_login(row, part)
        self._need_ours(account, roles, judged)
        self._need_free(row, staff_id, login, is_new=account is None, judged=judged)
        if judged.reasons:
            return
        now = {name: value for name, value in (("roles", roles), ("login", login)) if value is not None}
        if account is None or any(_differs(account, name, value) for name, value in now.items()):
            judged.writes.append(Write(ACCOUNT, staff_id, False, now))

    def _own_login(self, row: RowIn, part: Part) -> str | None:
        """A name beside the staff number, by which everybody signs in anyway."""
        login = part.values.get("login")
        is_number = login_form(str(login or "")) == login_form(str(row.values["staff_number"]))
        return None if login is None or is_number else str(login)

    def _need_ours(self, account: Standing | None, roles: list[str] | None, judged: Judged) -> None:
        if account is None:
            if not roles:
                judged.reasons.append(reason("roles", "account_without_roles"))
        elif not account.is_active:
            judged.reasons.append(reason("roles", "account_closed"))
        elif account.unit_id not in self._rules.units:
            judged.reasons.append(reason("roles", "account_above"))

    def _need_free(
        self, row: RowIn, staff_id: str, login: str | None, *, is_new: bool, judged: Judged
    ) -> None:
        asked = [("login", login)] if login else []
        asked += [("staff_number", str(row.values["staff_number"]))] if is_new else []
        for field, typed in asked:
            form = login_form(typed or "")
            if form and self._holders.setdefault(form, staff_id) != staff_id:
                judged.reasons.append(reason(field, "login_taken", typed or ""))


def _works(row: RowIn, before: Stored | None) -> bool:
    """Whether somebody works here when the row is written: who has left has no account."""
    is_said = "is_active" in row.values and (before is None or "is_active" not in row.defaulted)
    return bool(row.values["is_active"] if is_said else before is None or before.values.get("is_active"))


def _differs(account: Standing, name: str, value: object) -> bool:
    if name == "roles" and isinstance(value, list):
        return sorted(set(value)) != sorted(account.roles)
    return login_form(str(value)) != login_form(account.login or "")
