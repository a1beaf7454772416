"""The installation's row, and the form of what may be set in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from babel.core import get_global
from babel.numbers import get_territory_currencies
from marshmallow import Schema, ValidationError, fields
from marshmallow.validate import Length
from sqlalchemy import CheckConstraint, DateTime, Integer, SmallInteger, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.core.db import Base
from backend.core.kinds import wire

LANGUAGES = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}
LENGTH_UNITS = {"mm": ("毫米", "Millimetres"), "in": ("英寸", "Inches")}
# No places: what a machine calls its own zone, and a placeholder.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})


class InstallationRow(Base):
    """The one row; `settings` as `Installation.values` gives them, without the version.

    `identity` is what the installation is known by for good, also in a backup and on another machine.
    """

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    identity: Mapped[UUID] = mapped_column(Uuid, server_default=func.gen_random_uuid())


@cache
def zones() -> frozenset[str]:
    """Names of the IANA time zone database."""
    return frozenset(available_timezones()) - _NO_ZONES


@cache
def currencies() -> frozenset[str]:
    """Currencies (ISO 4217) that are legal tender somewhere today, by CLDR."""
    territories, on = get_global("territory_currencies"), datetime.now(UTC).date()
    return frozenset(code for one in territories for code in get_territory_currencies(one, on, on))


class TimeZone(wire.Text):
    """A zone of the IANA time zone database."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        name = super()._deserialize(value, attr, data, **kwargs)
        if name not in zones():
            raise ValidationError("Not a time zone of the IANA database, such as Asia/Shanghai.")
        return name


class Currency(wire.Text):
    """A currency of today, by its ISO 4217 code."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        code = super()._deserialize(value, attr, data, **kwargs).upper()
        if code not in currencies():
            raise ValidationError("Not a currency of ISO 4217 in use today, such as CNY.")
        return code


class Patterned(wire.Text):
    """Text of one pattern."""

    def __init__(self, pattern: str, complaint: str, *, most: int, **options: Any) -> None:
        self._pattern, self._complaint = re.compile(pattern), complaint
        super().__init__(most=most, metadata={"pattern": f"^{pattern}$"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self._pattern.fullmatch(text):
            raise ValidationError(self._complaint)
        return text


def _numbered(**options: Any) -> Patterned:
    complaint = "Not letters with one row of #, such as N###."
    return Patterned("[^#]{0,20}#{1,6}[^#]{0,10}", complaint, most=36, **options)


class PostValues(Schema):
    """A post, by its code, with its names."""

    code = Patterned("[a-z][a-z0-9_]*", "Not a code of small letters, digits and _.", most=40, required=True)
    zh = wire.Text(most=50, least=1, required=True)
    en = wire.Text(most=50, least=1, required=True)


class HotlineValues(Schema):
    """A number that people call, and what it is for."""

    number = wire.Text(most=30, least=1, required=True)
    zh = wire.Text(most=50, least=1, required=True)
    en = wire.Text(most=50, least=1, required=True)


class ViewValues(Schema):
    """Where a map opens (WGS-84, degrees)."""

    lng = wire.Number(least=-180, most=180, required=True)
    lat = wire.Number(least=-85, most=85, required=True)
    zoom = wire.Number(least=0, most=22, required=True)


class LimitValues(Schema):
    """What the operator wants of work; units stand in the names, hours are of the city's clock."""

    item_days = wire.Whole(least=0, most=365)
    visit_days = wire.Whole(least=0, most=365)
    visit_days_between = fields.Dict(keys=wire.Text(most=40), values=wire.Whole(least=1, most=3650))
    survey_photos = wire.Whole(least=0, most=50)
    visit_near_m = wire.Whole(least=10, most=100_000)
    visit_poor_accuracy_m = wire.Whole(least=10, most=100_000)
    visit_shortest_s = wire.Whole(least=0, most=86_400)
    visit_fastest_kmh = wire.Whole(least=5, most=1000)
    visit_look_bits = wire.Whole(least=0, most=32)
    visit_late_from_hour = wire.Whole(least=0, most=24)
    visit_late_until_hour = wire.Whole(least=0, most=24)
    visit_late_many = wire.Whole(least=1, most=1000)


class RetentionValues(Schema):
    """Days that data is kept which is no record; null: as long as is usual."""

    position_days = wire.Whole(least=1, most=366, allow_none=True)
    message_days = wire.Whole(least=30, most=3650, allow_none=True)
    message_address_days = wire.Whole(least=1, most=366, allow_none=True)
    import_days = wire.Whole(least=7, most=3650, allow_none=True)


class InstallationValues(Schema):
    """What may be set; what is not named stays."""

    name_zh = wire.Text(most=100, least=1)
    name_en = wire.Text(most=100, least=1)
    time_zone = TimeZone(most=64)
    language = wire.Choice(LANGUAGES)
    currency = Currency(most=3)
    length_unit = wire.Choice(LENGTH_UNITS)
    posts = fields.List(fields.Nested(PostValues), validate=Length(min=1, max=100))
    hotlines = fields.List(fields.Nested(HotlineValues), validate=Length(max=20))
    first_view = fields.Nested(ViewValues, allow_none=True)
    new_cell_code = _numbered()
    imported_cell_code = _numbered()
    limits = fields.Nested(LimitValues)
    retention = fields.Nested(RetentionValues)
