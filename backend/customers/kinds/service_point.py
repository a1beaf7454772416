"""Service point (用水点): an address with its place, its meter and what the water is used for."""

from marshmallow import Schema

from backend.core.actor import DESK, Role
from backend.core.kinds import wire
from backend.core.kinds.declaration import (
    Record,
    choice,
    declare,
    json,
    place,
    refer,
    scopes_of,
    search_index,
    spatial_index,
    whole,
    words,
)
from sync.kind import Policy

NATURES = {
    "residential": ("居民生活", "Residential"),
    "commercial": ("商业服务", "Commercial"),
    "industrial": ("工业生产", "Industrial"),
    "public": ("公共机构", "Public institution"),
    "special": ("特种行业", "Special trade"),
    "construction": ("建筑施工", "Construction"),
}


class FormerMeter(Schema):
    """A meter that stood here: its number, what it showed last, when it went and when that was learnt."""

    number = wire.Text(most=40, least=1, required=True)
    last_reading = wire.Number(least=0, most=1e9, allow_none=True)
    removed_on = wire.Day(allow_none=True)
    noticed_on = wire.Day(allow_none=True)


class ServicePoint(Record):
    """Where water is delivered and measured."""

    __tablename__ = "service_point"
    __table_args__ = (search_index("service_point", "meter_number"), spatial_index("service_point", "place"))

    customer_id = refer("客户", "Customer", "customer", required=True, filter=True)
    cell_id = refer("网格", "Cell", "cell", filter=True)
    address = words("地址", "Address", required=True, policy=Policy.REVIEW, personal="address")
    place = place("位置", "Place", required=True)
    meter_number = words("表号", "Meter", most=40, filter=True, own=True)
    # Whoever has an old bill is found by it; the point and its history are the same.
    former_meters = json("换下的表", "Former meters", FormerMeter, many=True, policy=Policy.SERVER)
    diameter_mm = whole("口径（毫米）", "Diameter (mm)", least=10, most=3000)
    nature = choice("用水性质", "Nature of use", NATURES, required=True, filter=True)
    access_note = words("进门说明", "Access note", most=500)
    # Copied from the customer, so that whoever is responsible for a key customer holds every point of theirs.
    key_representative_id = refer("专属客户代表", "Own representative", "staff", policy=Policy.SERVER)


KIND = declare(
    ServicePoint,
    zh="用水点",
    en="Service point",
    scopes=scopes_of(cell="cell_id", staff="key_representative_id"),
    create_by=DESK | {Role.REPRESENTATIVE},
    change_by=DESK | {Role.REPRESENTATIVE},
    delete_by=frozenset({Role.ADMIN}),
)
