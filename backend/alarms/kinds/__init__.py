"""Tables of alarms: signs of life, what rang and when, thresholds of this installation."""
