"""Wire fields: check what arrives and give canonical JSON values (ids, moments and points have one form)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import date
from functools import cached_property
from math import isfinite
from typing import Any, NamedTuple, TypeVar

import shapely
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, missing
from marshmallow.validate import Length, OneOf, Range

from backend.core.geometry import geojson_of, shape_of
from backend.core.installation import Labels
from sync.change import moment_text, parse_moment

UNKEEPABLE = "must not hold NUL, half characters or numbers beyond 64 bits"
D = TypeVar("D", bound=date)
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CLOCK = re.compile(r"^([01][0-9]|2[0-3]):[0-5][0-9]$")


# Beyond these a day has no day before or after it, and no moment in the city's clock.
FIRST_YEAR, LAST_YEAR = 1900, 2999


# What a field's `quick` says of a value that needs the field's whole deserialization. The usual value needs
# none of it, and a push loads a dozen fields for each of hundreds of records; a contract test compares both
# ways.
NOT_QUICK = object()


class Text(fields.String):
    """Text without NUL, which PostgreSQL cannot hold; ends trimmed."""

    def __init__(self, *, most: int = 200, least: int = 0, **options: Any) -> None:
        self._least, self.most = least, most
        super().__init__(validate=Length(min=least, max=most), **options)

    def quick(self, value: Any) -> Any:
        """The trimmed text."""
        if type(value) is not str or _UNKEEPABLE.search(value):
            return NOT_QUICK
        text = value.strip()
        return text if self._least <= len(text) <= self.most else NOT_QUICK

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(super()._deserialize(value, attr, data, **kwargs))
        if _UNKEEPABLE.search(text):
            raise ValidationError(UNKEEPABLE)
        return text.strip()


class Id(fields.UUID):
    """A UUID, as lower-case text."""

    def quick(self, value: Any) -> Any:
        """An id in its one form."""
        return value if type(value) is str and _ID.fullmatch(value) else NOT_QUICK

    def _deserialize(  # type: ignore[override]
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> str:
        if not isinstance(value, str):
            raise ValidationError("Not a valid UUID.")
        text = value.strip()
        if _ID.fullmatch(text):
            return text
        return str(super()._deserialize(text, attr, data, **kwargs))

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)


class Moment(fields.AwareDateTime):
    """A time with its zone, kept as UTC text."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="iso", **options)

    def quick(self, value: Any) -> Any:
        """A time with its zone."""
        try:
            return moment_text(_near(parse_moment(value)))
        except (ValueError, TypeError, OverflowError):
            return NOT_QUICK

    def _deserialize(  # type: ignore[override]
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> str:
        try:
            return moment_text(_near(parse_moment(value)))
        except (ValueError, TypeError, OverflowError) as error:
            raise ValidationError(
                "Not a time with its zone, such as 2026-09-01T08:30:00+08:00, of the years 1900 to 2999."
            ) from error

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value if isinstance(value, str) or value is None else moment_text(value)


def _near(day: D) -> D:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(day)
    return day


def _day(value: Any) -> date:
    if not isinstance(value, str) or len(value) != 10:
        raise ValidationError("Not a valid date.")
    try:
        day = _near(date.fromisoformat(value))
        if day.isoformat() != value:
            raise ValueError(value)  # A week's day, 2026-W01-1, is as long.
        return day
    except ValueError as error:
        raise ValidationError("Not a valid date of the years 1900 to 2999.") from error


class Day(fields.Date):
    """A calendar day, kept as text."""

    def _deserialize(  # type: ignore[override]
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> str:
        return _day(value).isoformat()

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value if isinstance(value, str) or value is None else value.isoformat()


class DateIn(fields.Date):
    """A calendar day that a request asks about."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        return _day(value)


class Clock(fields.String):
    """A local time of day, `08:30`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(metadata={"pattern": _CLOCK.pattern}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or not _CLOCK.fullmatch(value):
            raise ValidationError("Not a time of day such as 08:30.")
        return value


class Coordinates(fields.Dict):
    """A GeoJSON geometry of one type, inside the earth, valid, with longitude first."""

    def __init__(self, geometry: str, **options: Any) -> None:
        self.geometry = self.shape = geometry
        super().__init__(**options)

    def quick(self, value: Any) -> Any:
        """A point, which is the usual case, without a library's round trip."""
        is_point = type(value) is dict and len(value) == 2 and value.get("type") == "Point" == self.geometry
        if not is_point or not _is_place(value.get("coordinates")):
            return NOT_QUICK
        return {"type": "Point", "coordinates": [_plain(round(x, 7)) for x in value["coordinates"]]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) != {"type", "coordinates"}:
            raise ValidationError("Not a GeoJSON geometry with type and coordinates.")
        try:
            shape = shape_of(value)
        except (shapely.errors.GEOSException, ValueError, TypeError) as error:
            raise ValidationError("Not a GeoJSON geometry.") from error
        if self.geometry == "MultiPolygon" and isinstance(shape, shapely.Polygon):
            shape = shapely.MultiPolygon([shape])
        if shape.geom_type != self.geometry or shape.is_empty:
            raise ValidationError(f"Not a {self.geometry}.")
        west, south, east, north = shape.bounds
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise ValidationError("Outside the earth: longitude comes first, in degrees of WGS-84.")
        if not shape.is_valid:
            raise ValidationError(shapely.is_valid_reason(shape))
        return geojson_of(shapely.force_2d(shape))


def _is_place(pair: Any) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and type(pair[0]) is float
        and type(pair[1]) is float
        and -180 <= pair[0] <= 180
        and -90 <= pair[1] <= 90
    )


def _plain(number: float) -> float | int:
    """One form for one number, in every language: 3.0 is written 3."""
    return int(number) if number.is_integer() else number


class Whole(fields.Integer):
    """A whole number in a range that fits the database; no fractions, no booleans, no numbers in quotes."""

    def __init__(self, *, least: int = 0, most: int = 2**31 - 1, **options: Any) -> None:
        self._least, self._most = least, most
        super().__init__(strict=True, validate=Range(min=least, max=most), **options)

    def quick(self, value: Any) -> Any:
        """A whole number in range."""
        return value if type(value) is int and self._least <= value <= self._most else NOT_QUICK

    def _validated(self, value: Any) -> int:
        if isinstance(value, str | bool):
            raise self.make_error("invalid", input=value)
        # JSON knows one kind of number: 3.0 is a whole one.
        return int(
            super()._validated(int(value) if isinstance(value, float) and value.is_integer() else value)
        )


class Number(fields.Float):
    """A finite number in a range."""

    def __init__(self, *, least: float = -1e12, most: float = 1e12, **options: Any) -> None:
        super().__init__(allow_nan=False, validate=Range(min=least, max=most), **options)

    def _validated(self, value: Any) -> float:
        if isinstance(value, str | bool):
            raise self.make_error("invalid", input=value)
        return _plain(float(super()._validated(value)))


class Flag(fields.Boolean):
    """True or false, and nothing that merely looks like it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, **options)

    def quick(self, value: Any) -> Any:
        """True or false."""
        return value if type(value) is bool else NOT_QUICK

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Choice(fields.String):
    """One of a list of codes, each with its Chinese and English label."""

    def __init__(self, labels: Labels, **options: Any) -> None:
        self._labels = labels
        super().__init__(**{"validate": OneOf(list(labels)), **options})

    @property
    def labels(self) -> Labels:
        """Code -> its Chinese and English label."""
        return self._labels

    def quick(self, value: Any) -> Any:
        """One of the codes."""
        return value if type(value) is str and value in self.labels else NOT_QUICK


class Document(fields.Nested):
    """A nested document, or a list of them, checked by a schema; fields it does not know are left out.

    An `exact` one says so instead: of what a person defines nothing is dropped unseen.
    """

    def __init__(
        self, schema: type[Schema], *, many: bool = False, exact: bool = False, **options: Any
    ) -> None:
        super().__init__(schema, many=many, unknown=RAISE if exact else EXCLUDE, **options)

    def quick(self, value: Any) -> Any:
        """Each value that came by its own field's quick way; a list goes the long one."""
        if type(value) is not dict or self.many or not self._known.required <= value.keys():
            return NOT_QUICK
        loaded = dict(self._known.defaults)
        for name, given in value.items():
            way = self._known.ways.get(name)
            if way is not None:
                loaded[name] = None if given is None and name in self._known.nullable else way(given)
                if loaded[name] is NOT_QUICK:
                    return NOT_QUICK
        return loaded

    @cached_property
    def _known(self) -> _Known:
        found = self.schema.load_fields
        return _Known(
            {name: getattr(field, "quick", lambda _value: NOT_QUICK) for name, field in found.items()},
            frozenset(name for name, field in found.items() if field.required),
            frozenset(name for name, field in found.items() if field.allow_none),
            {name: field.load_default for name, field in found.items() if field.load_default is not missing},
        )


class _Known(NamedTuple):
    """What a nested document's quick way needs of its schema."""

    ways: dict[str, Callable[[Any], Any]]
    required: frozenset[str]
    nullable: frozenset[str]
    defaults: dict[str, Any]


class Shaped(fields.Dict):
    """A document that passes as it is; `shape`, a schema or the name of one, stands in the contract alone.

    The shape is not run: copying each field of thousands of rows costs more than finding them, and would
    turn 0 into 0.0 in what is kept as JSON. With `many`, in answers alone, a list of such documents.
    """

    def __init__(self, shape: type[Schema] | str, *, many: bool = False, **options: Any) -> None:
        self.shape, self.many = shape, many
        super().__init__(keys=fields.String(), **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


class Json(fields.Field):  # type: ignore[type-arg]
    """JSON of a few kilobytes, such as answers to a questionnaire; nothing in it that cannot be kept.

    What is known of its shape stands in the contract and is not run.
    """

    def __init__(
        self, shape: type[Schema] | str | None = None, *, many: bool = False, **options: Any
    ) -> None:
        self.shape, self.many = shape, many
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        _need_keepable(value)
        return value


def is_keepable(value: Any) -> bool:
    """Whether a single value can be stored and hashed: no NUL, no half character, no number beyond 64
    bits."""
    if isinstance(value, str):
        return not _UNKEEPABLE.search(value)
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def _need_keepable(value: Any) -> None:
    if not is_keepable(value):
        raise ValidationError(UNKEEPABLE)
    if isinstance(value, int) and int(float(value)) != value:
        raise ValidationError(
            "A whole number beyond 2^53 is not the same in every language: send it as text."
        )
    if isinstance(value, dict):
        for key, item in value.items():
            _need_keepable(key)
            _need_keepable(item)
    elif isinstance(value, list):
        for item in value:
            _need_keepable(item)


def is_uuid(value: str) -> bool:
    """Whether text is a UUID."""
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True
