"""Units, staff, sessions, devices, crews, rosters, work shifts and positions."""
