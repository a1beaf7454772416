"""The reference phone: keeps its work on disk, speaks only HTTP, imports nothing of the server's."""

from mobile_api_spec.phone.clock import Clock
from mobile_api_spec.phone.link import Link, Offline, Refused
from mobile_api_spec.phone.phone import Phone

__all__ = ["Clock", "Link", "Offline", "Phone", "Refused"]
