"""Office steps of territory: the unit's ground is locked before one of its cells."""

from backend.core.services.steps_by_kind import OfficeSteps
from backend.territory.rules import lock_ground

# As where a plan comes true: else each would wait for the other.
STEPS = {"cell": OfficeSteps(before_change=lock_ground)}
