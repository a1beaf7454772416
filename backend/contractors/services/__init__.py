"""What can be done: functions named by their verb, session and actor first.

They raise Problem and never commit.
"""
