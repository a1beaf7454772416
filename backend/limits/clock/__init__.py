"""Reads limits from events, working time and a moment: pure functions, without a database or a clock of
their own.

No remainder is kept anywhere. Whoever asks gives everything that happened, and gets when it is due, what was
spent, what is late, and why: the same answer whatever order the events arrived in.
"""
