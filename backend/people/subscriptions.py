"""Subscriptions of people: an account follows the record of whose it is."""

from backend.core.subscribing import Subscriptions, while_there
from backend.people.services.accounts import follow_staff_record

FOLLOWS: Subscriptions = {"staff.written": (while_there(follow_staff_record),)}
