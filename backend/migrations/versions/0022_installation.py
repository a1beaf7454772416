"""What holds for the whole installation is a row: time zone, currency, language, posts, first view, limits."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None
# What was written in the code until then.
_POSTS = {
    "customer_representative": ("客户代表", "Customer representative"),
    "service_clerk": ("客户服务员", "Service clerk"),
    "arrears_collector": ("催欠员", "Arrears collector"),
    "hall_agent": ("营业厅坐席", "Hall agent"),
    "account_steward": ("客户专员（管家）", "Account steward"),
    "area_manager": ("片区管理员", "Area manager"),
    "network_inspector": ("管网巡检员", "Network inspector"),
    "water_quality_tester": ("水质检测员", "Water-quality tester"),
    "works_manager": ("施工管理员", "Works manager"),
    "pump_station_patroller": ("加压设备巡护员", "Pump-station patroller"),
    "hotline_agent": ("热线受理员", "Hotline agent"),
}
_SETTINGS = {
    "name_zh": "网格",
    "name_en": "Wangge",
    "time_zone": "Asia/Shanghai",
    "language": "zh",
    "currency": "CNY",
    "length_unit": "mm",
    "posts": [{"code": code, "zh": zh, "en": en} for code, (zh, en) in _POSTS.items()],
    "hotlines": [],
    "first_view": {"lng": 120.38, "lat": 36.07, "zoom": 10},
    "new_cell_code": "N###",
    "imported_cell_code": "Z###",
    "limits": {
        "item_days": 5,
        "visit_days": 7,
        "visit_days_between": {"key": 30, "large": 30, "special": 30, "developer": 90, "community": 30},
        "survey_photos": 3,
        "visit_near_m": 300,
        "visit_poor_accuracy_m": 200,
        "visit_shortest_s": 120,
        "visit_fastest_kmh": 120,
        "visit_look_bits": 4,
        "visit_late_from_hour": 22,
        "visit_late_until_hour": 5,
        "visit_late_many": 5,
    },
}


def upgrade() -> None:
    """Forwards: nothing changes for who was there before."""
    op.create_table(
        "installation",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    op.get_bind().execute(
        sa.text("INSERT INTO installation (id, version, settings) VALUES (1, 1, CAST(:settings AS jsonb))"),
        {"settings": json.dumps(_SETTINGS, ensure_ascii=False)},
    )


def downgrade() -> None:
    """Backwards."""
    op.drop_table("installation")
