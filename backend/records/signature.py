"""Signature (签名): a customer's strokes on a service sheet, bound to the hash of the sheet that was shown."""

from backend.actor import DESK, FIELD
from backend.records.declaration import Record, choice, declare, json, moment, place, plain_id, refer, scopes_of, words

RELATIONS = {
    "self": ("本人", "The customer"),
    "family": ("家属", "Family"),
    "tenant": ("租户", "Tenant"),
    "colleague": ("单位经办人", "On the firm's behalf"),
    "deputy": ("代签", "Deputy"),
}


class Signature(Record):
    """Who signed what, when and where."""

    __tablename__ = "signature"

    of_kind = words("所属类别", "Of kind", most=40, required=True, filter=True)
    of_id = plain_id("所属记录", "Of record", required=True, filter=True)
    signer_name = words("签名人", "Signer", most=50, required=True, personal="name")
    relation = choice("与客户关系", "Relation", RELATIONS, required=True)
    strokes = json("笔迹", "Strokes", required=True)
    sheet_sha256 = words("服务单哈希", "Sheet's SHA-256 (hex)", most=64, required=True)
    signed_at = moment("签名时间", "Signed", required=True)
    place = place("位置", "Place")
    cell_id = refer("网格", "Cell", "cell")
    crew_id = refer("班组", "Crew", "crew")
    staff_id = refer("经办人", "Taken by", "staff")


KIND = declare(
    Signature,
    zh="签名",
    en="Signature",
    scopes=scopes_of(cell="cell_id", crew="crew_id", staff="staff_id"),
    rank=1,
    create_by=DESK | FIELD,
)
