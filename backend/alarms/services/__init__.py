"""The table of alarms, how they stand, who watches them and who is told."""
