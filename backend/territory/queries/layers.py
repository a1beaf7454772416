"""The ground as map layers, within the asker's scopes: for exports, tiles and other GIS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import shapely
from sqlalchemy import text
from sqlalchemy.orm import Session

from backend.core.actor import Actor
from backend.core.errors import Problem
from backend.core.queries import masks
from backend.core.queries.scopes import held, today
from geo.mapfile import Feature

MOST_FEATURES = 200_000


@dataclass(frozen=True, slots=True)
class Layer:
    """A kind on the map: its table, its geometry, which rows count, the columns shown (name -> SQL), which
    are masked."""

    name: str
    kind: str
    zh: str
    en: str
    geometry: str
    where: str
    columns: dict[str, str]
    personal: dict[str, str] = field(default_factory=dict)

    def shown_to(self, actor: Actor) -> dict[str, str]:
        """The columns as this reader sees them."""
        if masks.sees_all(actor):
            return self.columns
        return self.columns | {
            name: masks.mask_sql(what, self.columns[name]) for name, what in self.personal.items()
        }


def _customers(column: str) -> str:
    """A column of a point's customer, where the reader sees that customer too."""
    return f"""
            (SELECT c.{column}
            FROM customer c
            JOIN sync_document s ON s.kind = 'customer'
                AND s.id = c.id
                AND s.scopes && CAST(:scopes AS text[])
            WHERE c.id = t.customer_id)
        """  # noqa: S608 - names and columns of LAYERS


LAYERS = {
    layer.name: layer
    for layer in (
        Layer(
            "cells",
            "cell",
            "网格",
            "Cells",
            "outline",
            "t.valid_from <= :on AND (t.valid_until IS NULL OR t.valid_until >= :on)",
            {
                "name": "t.name",
                "code": "t.code",
                "workload": "t.workload::float",
                "valid_from": "t.valid_from",
            },
        ),
        Layer(
            "jobs",
            "work_order",
            "工单",
            "Jobs",
            "place",
            "t.place IS NOT NULL",
            {
                "number": "t.number",
                "state": "t.state",
                "urgency": "t.urgency",
                "address": "t.address",
                "due_at": "t.due_at",
                "planned_at": "t.planned_at",
                "crew": "(SELECT c.name FROM crew c WHERE c.id = t.crew_id)",
            },
            {"address": "address"},
        ),
        Layer(
            "customers",
            "service_point",
            "客户",
            "Customers",
            "place",
            "true",
            {
                "address": "t.address",
                "meter_number": "t.meter_number",
                "nature": "t.nature",
                "number": _customers("number"),
                "name": _customers("name"),
                "category": _customers("category"),
            },
            {"address": "address", "name": "name"},
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a layer: a box (west, south, east, north), rows behind an id, so many, or one row
    alone."""

    bbox: tuple[float, float, float, float] | None = None
    after: str | None = None
    limit: int = MOST_FEATURES
    only: str | None = None


def features(session: Session, actor: Actor, layer: Layer, window: Window) -> list[tuple[str, Feature]]:
    """(id, feature) of a layer in the order of ids, as far as the asker's scopes go."""
    shown = ", ".join(f"'{name}', {sql}" for name, sql in layer.shown_to(actor).items())
    rows = session.execute(
        text(
            f"""
                SELECT t.id::text, ST_AsBinary(t.{layer.geometry}), json_build_object({shown})
                FROM {layer.kind} t
                WHERE {_visible(layer)}
                    AND (CAST(:west AS float) IS NULL
                        OR t.{layer.geometry} && ST_MakeEnvelope(:west, :south, :east, :north, 4326))
                    AND (CAST(:after AS uuid) IS NULL OR t.id > CAST(:after AS uuid))
                    AND (CAST(:only AS uuid) IS NULL OR t.id = CAST(:only AS uuid))
                ORDER BY t.id
                LIMIT :limit
            """  # noqa: S608 - names and columns of LAYERS
        ),
        _values(session, actor, layer, window)
        | {"after": window.after, "only": window.only, "limit": window.limit},
    )
    return [(row[0], Feature(shapely.from_wkb(bytes(row[1])), row[2])) for row in rows]


def whole(session: Session, actor: Actor, layer: Layer) -> list[Feature]:
    """Everything of a layer for a file; raises too_large rather than leave something out."""
    rows = features(session, actor, layer, Window(limit=MOST_FEATURES + 1))
    if len(rows) > MOST_FEATURES:
        raise Problem("too_large", most=MOST_FEATURES)
    return [feature for _, feature in rows]


def count(session: Session, actor: Actor, layer: Layer, window: Window) -> int:
    """How many rows the whole of a layer has in a box."""
    return int(
        session.execute(
            text(
                f"""
                    SELECT count(*)
                    FROM {layer.kind} t
                    WHERE {_visible(layer)}
                        AND (CAST(:west AS float) IS NULL
                            OR t.{layer.geometry} && ST_MakeEnvelope(:west, :south, :east, :north, 4326))
                """  # noqa: S608 - names and columns of LAYERS
            ),
            _values(session, actor, layer, window),
        ).scalar_one()
    )


def tile(session: Session, actor: Actor, layer: Layer, z: int, x: int, y: int) -> bytes:
    """A Mapbox vector tile (web Mercator) of a layer; empty where nothing of the asker's lies.

    Areas have a layer `<name>_names` beside theirs with a place for each name: an area lies in several tiles,
    its name in one.
    """
    columns = ", ".join(f"{sql} AS {name}" for name, sql in layer.shown_to(actor).items())
    parts = [_tile_part(layer, f"t.{layer.geometry}", columns, ":layer")]
    if layer.geometry == "outline":
        parts.append(
            _tile_part(
                layer, f"ST_PointOnSurface(t.{layer.geometry})", "t.name AS name", ":layer || '_names'"
            )
        )
    found = session.execute(
        text("WITH box AS (SELECT ST_TileEnvelope(:z, :x, :y) AS mercator) SELECT " + " || ".join(parts)),
        _values(session, actor, layer, Window()) | {"z": z, "x": x, "y": y, "layer": layer.name},
    ).scalar_one()
    return bytes(found)


def _tile_part(layer: Layer, shape: str, columns: str, name: str) -> str:
    """One layer of a tile, as an SQL expression beside `box`."""
    return f"""
            (SELECT ST_AsMVT(inside, {name}, 4096, 'geometry')
            FROM (SELECT t.id::text AS id,
                  ST_AsMVTGeom(ST_Transform({shape}, 3857), box.mercator) AS geometry,
                  {columns}
              FROM {layer.kind} t, box
              WHERE {_visible(layer)} AND t.{layer.geometry} && ST_Transform(box.mercator, 4326)) inside
            WHERE geometry IS NOT NULL)
        """  # noqa: S608 - names and columns of LAYERS


def _visible(layer: Layer) -> str:
    return (
        f"t.deleted_at IS NULL AND {layer.where} AND EXISTS (SELECT FROM sync_document d WHERE d.kind = "
        f":kind AND d.id = t.id "
        "AND d.scopes && CAST(:scopes AS text[]))"
    )


def _values(session: Session, actor: Actor, layer: Layer, window: Window) -> dict[str, Any]:
    box: Iterable[float | None] = window.bbox or (None, None, None, None)
    return {"kind": layer.kind, "scopes": list(held(session, actor)), "on": today()} | dict(
        zip(("west", "south", "east", "north"), box, strict=True)
    )
