"""Channels by which messages leave the house: those whose keys the operator gave in the environment."""

from __future__ import annotations

from functools import lru_cache

from backend.core.config import Settings
from backend.notices.services.channels.aliyun_sms import AliyunSms
from backend.notices.services.channels.dingtalk import DingTalkRobot, DingTalkWork
from backend.notices.services.channels.email import Email
from backend.notices.services.channels.port import Channel
from backend.notices.services.channels.webhook import Webhook
from backend.notices.services.channels.wecom import WeComApp, WeComRobot

ALL: dict[str, type[Channel]] = {
    one.name: one for one in (Webhook, AliyunSms, WeComApp, WeComRobot, DingTalkWork, DingTalkRobot, Email)
}


@lru_cache(maxsize=8)
def open_channels(settings: Settings) -> dict[str, Channel]:
    """Those that have what they need, by name.

    Kept for the process: some hold a token that the provider gives out only so often.

    Under `WANGGE_NOTIFY_CHANNEL=webhook` the gateway alone, also with a broken address: what waits for it
    says why it waits.
    """
    if settings.notify_channel == "webhook":
        return {Webhook.name: Webhook(settings)}
    if settings.notify_channel != "purposes":
        return {}
    return {name: one(settings) for name, one in ALL.items() if one.is_set(settings)}
