"""Signature (签名): a customer's strokes on a service sheet, bound to the hash of the sheet that was shown."""

from collections.abc import Sequence

from backend.core.actor import DESK, FIELD
from backend.core.kinds.declaration import (
    Record,
    choice,
    declare,
    json,
    moment,
    place,
    plain_id,
    refer,
    scopes_of,
    words,
)
from sync.errors import Fault
from sync.kind import Policy, Values

RELATIONS = {
    "self": ("本人", "The customer"),
    "family": ("家属", "Family"),
    "tenant": ("租户", "Tenant"),
    "colleague": ("单位经办人", "On the firm's behalf"),
    "deputy": ("代签", "Deputy"),
}
SHEET_CHECKS = {
    "kept": ("与哈希一致", "Has its hash"),
    "not_carried": ("未附服务单", "Not carried"),
    "broken": ("与哈希不符", "Does not have its hash"),
    "replayed": ("笔迹与另一签名相同", "The strokes of another signature"),
}
WAYS = {
    "door": ("当面签字", "Signed at the door"),
    "link_to_ledger": (
        "凭发到登记号码的链接远程确认",
        "Confirmed by a link sent to the number on the ledger",
    ),
    "link_handed": ("凭办公室转交的链接远程确认", "Confirmed by a link handed on by the office"),
    # Of before: nothing was kept of how the link went.
    "link": ("凭链接远程确认", "Confirmed by link"),
}
DEVICE_CHECKS = {
    "valid": ("本机所签", "Signed by its phone"),
    "none": ("无设备签名", "Not signed by a phone"),
    "invalid": ("设备签名不符", "Not by this phone"),
    "erased": ("签名人信息已依法清除", "The signer's values were erased by law"),
}


class Signature(Record):
    """Who signed what, when and where."""

    __tablename__ = "signature"

    of_kind = words("所属类别", "Of kind", most=40, required=True, filter=True)
    of_id = plain_id("所属记录", "Of record", required=True, filter=True)
    signer_name = words("签名人", "Signer", most=50, required=True, personal="name")
    relation = choice("与客户关系", "Relation", RELATIONS, required=True)
    deputy_reason = words("代签原因", "Why a deputy signs", most=500, policy=Policy.FIXED)
    photo_id = plain_id("代签凭证照片", "Photo of the deputy's paper", policy=Policy.FIXED)
    way = choice("签字方式", "Way", WAYS, policy=Policy.SERVER)
    way_by_id = refer("链接生成人", "Link made by", "staff", policy=Policy.SERVER)
    strokes = json("笔迹", "Strokes", required=True)
    sheet = json("服务单", "Sheet as shown", policy=Policy.FIXED, personal="contact")
    sheet_sha256 = words("服务单哈希", "Sheet's SHA-256 (hex)", most=64, required=True)
    device_signature = words("设备签名", "Device's signature (P-256, base64)", most=200, policy=Policy.FIXED)
    sheet_check = choice("服务单核对", "Sheet checked", SHEET_CHECKS, policy=Policy.SERVER)
    device_check = choice("设备核对", "Device checked", DEVICE_CHECKS, policy=Policy.SERVER)
    signed_at = moment("签名时间", "Signed", required=True)
    place = place("位置", "Place")
    cell_id = refer("网格", "Cell", "cell")
    crew_id = refer("班组", "Crew", "crew")
    staff_id = refer("经办人", "Taken by", "staff")


def check(values: Values) -> Sequence[Fault]:
    """Who signs for somebody else says why, and shows the paper that allows it."""
    if values["relation"] != "deputy":
        return ()
    return [
        Fault(name, "required", zh, en)
        for name, zh, en in (
            ("deputy_reason", "代签须写明原因", "a deputy needs a reason"),
            ("photo_id", "代签须拍下凭证", "a deputy needs a photo of the paper"),
        )
        if not values.get(name)
    ]


KIND = declare(
    Signature,
    zh="签名",
    en="Signature",
    scopes=scopes_of(cell="cell_id", crew="crew_id", staff="staff_id"),
    rank=1,
    check=check,
    create_by=DESK | FIELD,
    stands_on=("of_kind", "of_id"),
    attaches={"photo_id": "photo"},
)
