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


# What each needs, by the names of the settings.
_NEEDS: dict[str, tuple[str, ...]] = {
    Webhook.name: ("notify_url",),
    AliyunSms.name: ("sms_key_id", "sms_key_secret", "sms_sign_name"),
    WeComApp.name: ("wecom_corp_id", "wecom_agent_id", "wecom_secret"),
    WeComRobot.name: ("wecom_robot_key",),
    DingTalkWork.name: ("dingtalk_app_key", "dingtalk_app_secret", "dingtalk_agent_id"),
    DingTalkRobot.name: ("dingtalk_robot_token", "dingtalk_robot_secret"),
    Email.name: ("smtp_url", "smtp_from"),
}


def begun_channels(settings: Settings) -> dict[str, list[str]]:
    """Those of which the operator gave anything -> what is still missing, by its name in the environment.

    Where all is given and the channel cannot use it (an agent's number that is none), all of it is named.
    """
    found: dict[str, list[str]] = {}
    for name, needs in _NEEDS.items():
        lacking = [one for one in needs if not getattr(settings, one)]
        if len(lacking) == len(needs):
            continue
        if not lacking and not ALL[name].is_set(settings):
            lacking = list(needs)
        found[name] = [f"WANGGE_{one.upper()}" for one in lacking]
    return found


def lacking(settings: Settings, name: str) -> list[str]:
    """What a channel lacks, by its name in the environment."""
    return [f"WANGGE_{one.upper()}" for one in _NEEDS[name] if not getattr(settings, one)]


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
