"""Subscriptions of territory: keeps each cell's outline with the days it held."""

from backend.core.subscribing import Subscriptions
from backend.territory.services.ground_applying import keep_outline

FOLLOWS: Subscriptions = {"cell.written": (keep_outline,)}
