"""Units, staff, accounts and sessions, devices, crews, rosters of crews on call, work shifts, positions."""

# The capabilities directly below: what they write and serve comes first.
STANDS_ON = ("core",)
