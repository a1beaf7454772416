"""Letters with a stroke are found by their plain ones, and landlines sign in with and without their area's 0."""

from __future__ import annotations

import logging

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
_STROKED, _BARE = "øđħıłŧðƀƃƈƌƒƙƚƞƥƫƭƴƶǥȡȥȴȵȶȷȼȿɀɇɉɋɍɏ", "odhiltdbbcdfklnpttyzgdzlntjcszejqry"
_KEPT = """
    UPDATE search_entry SET {column} = replace(replace(replace(
        translate({column}, :stroked, :bare), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
    WHERE {column} ~ :letters
"""
_LANDLINE = "^0(10[0-9]{8}|2[0-9]{9}|[3-9][0-9]{9,10})$"
_LOGINS = """
    UPDATE account_login l SET login = substr(login, 2)
    WHERE login ~ :landline
        AND NOT EXISTS (SELECT FROM account_login o WHERE o.login = substr(l.login, 2))
"""
_LEFT = "SELECT staff_id::text FROM account_login WHERE login ~ :landline ORDER BY 1"


def upgrade() -> None:
    """Forwards, in the forms as they are kept; nothing is written that phones hear of."""
    connection = op.get_bind()
    letters = {"stroked": _STROKED, "bare": _BARE, "letters": f"[{_STROKED}æœþ]"}
    for column in ("numbers", "words"):
        connection.execute(sa.text(_KEPT.format(column=column)), letters)
    connection.execute(sa.text(_LOGINS), {"landline": _LANDLINE})
    for staff_id in connection.execute(sa.text(_LEFT), {"landline": _LANDLINE}).scalars():
        logging.getLogger("alembic.runtime.migration").warning(
            "a login of account %s is now the same as another's: give it another", staff_id
        )


def downgrade() -> None:
    """Backwards: an older release keeps anew what is written; logins with their area's 0 are typed without it."""
