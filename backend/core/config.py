"""Settings, read from the environment once, each with its meaning."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from backend.core.keys import RING, Keys, keys_at, need_strong

NOT_GIVEN = ""
# From which on the log speaks.
LEVELS = ("debug", "info", "warning", "error")
# A release's wheel holds the built pages; a checkout has them in its home.
INSTALLED_PAGES = Path(str(files("backend"))) / "web"
# Settings that are words, each by its own name in the environment.
_WORDS = (
    "sign_in_per_address",
    "public_per_address",
    "notify_channel",
    "notify_url",
    "notify_secret",
    "sms_key_id",
    "sms_key_secret",
    "sms_sign_name",
    "sms_url",
    "wecom_corp_id",
    "wecom_agent_id",
    "wecom_secret",
    "wecom_robot_key",
    "wecom_url",
    "dingtalk_app_key",
    "dingtalk_app_secret",
    "dingtalk_agent_id",
    "dingtalk_robot_token",
    "dingtalk_robot_secret",
    "dingtalk_url",
    "smtp_url",
    "smtp_user",
    "smtp_password",
    "smtp_from",
    "public_url",
    "matrix_url",
    "matrix_format",
    "crossings_file",
    "pages_per_address",
    "requests_per_person",
    "docs",
    "area_code",
    "import_folder",
    "log_level",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can choose; every field names its environment variable in `read`."""

    home: Path
    database_url: str
    broker_url: str
    objects_url: str
    web_root: Path
    secret_key: str
    fonts: Path = Path("/usr/share/fonts")
    proxies: int = 0
    demo_accounts: bool = False
    sign_in_per_address: str = "600 per minute"
    public_per_address: str = "60 per minute"
    pages_per_address: str = "6000 per minute"
    requests_per_person: str = "6000 per minute"
    docs: str = "signed_in"
    access_minutes: int = 15
    refresh_days: int = 90
    page_bytes: int = 2 * 1024 * 1024
    quota_mutations: int = 20_000
    quota_bytes: int = 256 * 1024 * 1024
    upload_day_bytes: int = 8 * 1000 * 1000 * 1000
    position_days: int = 30
    message_days: int = 400
    alarm_look_s: int = 10
    notify_channel: str = "recorded"
    notify_url: str = NOT_GIVEN
    notify_secret: str = NOT_GIVEN
    sms_key_id: str = NOT_GIVEN
    sms_key_secret: str = NOT_GIVEN
    sms_sign_name: str = NOT_GIVEN
    sms_url: str = "https://dysmsapi.aliyuncs.com"
    wecom_corp_id: str = NOT_GIVEN
    wecom_agent_id: str = NOT_GIVEN
    wecom_secret: str = NOT_GIVEN
    wecom_robot_key: str = NOT_GIVEN
    wecom_url: str = "https://qyapi.weixin.qq.com"
    dingtalk_app_key: str = NOT_GIVEN
    dingtalk_app_secret: str = NOT_GIVEN
    dingtalk_agent_id: str = NOT_GIVEN
    dingtalk_robot_token: str = NOT_GIVEN
    dingtalk_robot_secret: str = NOT_GIVEN
    dingtalk_url: str = "https://oapi.dingtalk.com"
    smtp_url: str = NOT_GIVEN
    smtp_user: str = NOT_GIVEN
    smtp_password: str = NOT_GIVEN
    smtp_from: str = NOT_GIVEN
    public_url: str = NOT_GIVEN
    escalate_after_minutes: int = 10
    matrix_url: str = NOT_GIVEN
    matrix_format: str = "osrm"
    matrix_most_places: int = 100
    crossings_file: str = NOT_GIVEN
    travel_detour: float = 1.35
    travel_kmh: float = 30.0
    sliver_m: float = 0.05
    return_visit_days: int = 3
    area_code: str = NOT_GIVEN
    import_folder: str = NOT_GIVEN
    log_level: str = "info"
    database_pool: int = 20
    database_overflow: int = 20
    # After so many times PostgreSQL keeps a statement prepared; 0: never, for poolers that mix connections.
    database_prepare_after: int = 5
    limits_enabled: bool = True
    keys_text: str = NOT_GIVEN
    keys_file: Path | None = None

    @property
    def keys(self) -> Keys:
        """The ring: from the environment, or a file of its owner alone."""
        return keys_at(self.keys_file or self.home / RING, self.keys_text, self.secret_key)

    def connections(self, most: int | None = None) -> dict[str, int | None]:
        """How a process connects to the database, for `make_engine`; `most`: where fewer will do."""
        pool = self.database_pool if most is None else min(most, self.database_pool)
        return {
            "pool_size": pool,
            "max_overflow": self.database_overflow,
            "prepare_after": self.database_prepare_after or None,
        }

    @property
    def can_send_links(self) -> bool:
        """Whether messages go out, and the server's own address is known: a request's could be
        anybody's."""
        return self.notify_channel in ("webhook", "purposes") and bool(self.public_url)


def home_of(environ: Mapping[str, str]) -> Path:
    """The folder for everything that belongs to one server."""
    return Path(environ.get("WANGGE_HOME") or ".wangge").absolute()


def read(environ: Mapping[str, str] = os.environ, *, weak_key: bool = False) -> Settings:
    """Settings from the environment, else of the one folder that `make run` fills.

    Raises UnsafeKey, but for `weak_key`.
    """
    if "WANGGE_SECRET_KEY" in environ and not weak_key:
        need_strong(environ["WANGGE_SECRET_KEY"])
    home = home_of(environ)
    number = {
        name: int(environ[f"WANGGE_{name.upper()}"])
        for name in (
            "access_minutes",
            "refresh_days",
            "proxies",
            "escalate_after_minutes",
            "quota_mutations",
            "quota_bytes",
            "upload_day_bytes",
            "position_days",
            "message_days",
            "alarm_look_s",
            "matrix_most_places",
            "return_visit_days",
            "database_pool",
            "database_overflow",
            "database_prepare_after",
        )
        if environ.get(f"WANGGE_{name.upper()}")
    }
    measures = _floats(environ, "travel_detour", "travel_kmh", "sliver_m")
    words = {
        name: environ[f"WANGGE_{name.upper()}"] for name in _WORDS if environ.get(f"WANGGE_{name.upper()}")
    }
    _need_known_level(words.get("log_level", "info"))
    return Settings(
        home=home,
        database_url=environ.get("WANGGE_DATABASE_URL", NOT_GIVEN),
        broker_url=environ.get("WANGGE_BROKER_URL", NOT_GIVEN),
        objects_url=environ.get("WANGGE_OBJECTS_URL") or (home / "objects").as_uri(),
        web_root=Path(
            environ.get("WANGGE_WEB_ROOT") or (INSTALLED_PAGES if INSTALLED_PAGES.is_dir() else home / "web")
        ),
        fonts=Path(environ.get("WANGGE_FONTS") or "/usr/share/fonts"),
        secret_key=environ.get("WANGGE_SECRET_KEY", NOT_GIVEN),
        keys_text=environ.get("WANGGE_KEYS", NOT_GIVEN),
        keys_file=Path(environ["WANGGE_KEYS_FILE"]) if environ.get("WANGGE_KEYS_FILE") else None,
        demo_accounts=environ.get("WANGGE_DEMO") == "1",
        limits_enabled=environ.get("WANGGE_LIMITS") != "off",
        **(number | measures | words),  # type: ignore[arg-type]
    )


def _need_known_level(level: str) -> None:
    if level not in LEVELS:
        raise ValueError(f"WANGGE_LOG_LEVEL={level}: {' · '.join(LEVELS)}")


def _floats(environ: Mapping[str, str], *names: str) -> dict[str, float]:
    given = {name: environ.get(f"WANGGE_{name.upper()}") for name in names}
    return {name: float(value) for name, value in given.items() if value}
