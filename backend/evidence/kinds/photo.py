"""Photo (照片): the record of a picture; its bytes travel apart and `arrived_at` says when the server had
them whole."""

from sqlalchemy import Index

from backend.core.actor import DESK, FIELD
from backend.core.kinds.declaration import (
    Record,
    choice,
    declare,
    moment,
    number,
    place,
    plain_id,
    refer,
    scopes_of,
    whole,
    words,
)
from sync.kind import Policy

PURPOSES = {
    "before": ("施工前", "Before"),
    "after": ("施工后", "After"),
    "site": ("现场", "Site"),
    "sketch": ("草图", "Sketch"),
    "paper": ("材料", "Paper"),
    "absent": ("无人在场", "Nobody there"),
    "portrait": ("证件照", "Portrait"),
}


class Photo(Record):
    """A picture of a record (`of_kind`, `of_id`), filed under that record's own scope keys."""

    __tablename__ = "photo"
    # Bytes arrive by their hash and look for their records.
    __table_args__ = (Index("ix_photo_sha256", "sha256"), Index("ix_photo_of_id", "of_id"))

    of_kind = words("所属类别", "Of kind", most=40, required=True, filter=True, policy=Policy.FIXED)
    of_id = plain_id("所属记录", "Of record", required=True, filter=True, policy=Policy.FIXED)
    purpose = choice("用途", "Purpose", PURPOSES, required=True)
    sha256 = words("哈希", "SHA-256 (hex)", most=64, required=True, policy=Policy.FIXED)
    size_bytes = whole(
        "大小（字节）", "Size (bytes)", least=1, most=200_000_000, required=True, policy=Policy.FIXED
    )
    media_type = words("格式", "Media type", most=60, required=True, policy=Policy.FIXED)
    # By the picture itself, or none: when it was added, sent or last changed tells nothing of it.
    taken_at = moment("拍摄时间", "Taken", policy=Policy.FIXED)
    place = place("位置", "Place", policy=Policy.FIXED)
    accuracy_m = number("定位精度（米）", "Accuracy (m)", least=0, most=100000, policy=Policy.FIXED)
    cell_id = refer("网格", "Cell", "cell")
    crew_id = refer("班组", "Crew", "crew")
    staff_id = refer("拍摄人", "Taken by", "staff", filter=True, policy=Policy.FIXED)
    arrived_at = moment("到达时间", "Arrived", policy=Policy.SERVER)


KIND = declare(
    Photo,
    zh="照片",
    en="Photo",
    scopes=scopes_of(cell="cell_id", crew="crew_id", staff="staff_id"),
    rank=1,
    create_by=DESK | FIELD,
    change_by=DESK | FIELD,
    stands_on=("of_kind", "of_id"),
)
