"""What can be done: functions named by their verb, session and actor first; they raise Problem and never
commit."""
