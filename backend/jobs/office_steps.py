"""Office steps of jobs: locates records, takes a job in, and applies its steps."""

from backend.core.services.steps_by_kind import OfficeSteps
from backend.customers.queries.places import PLACED
from backend.jobs.services.intake import receive_job
from backend.jobs.services.placing import placed, placed_again
from backend.jobs.services.rounds import go_on

_PLACED = OfficeSteps(complete=placed, complete_change=placed_again)
_JOB = OfficeSteps(complete=placed, complete_change=placed_again, create=receive_job, after_step=go_on)
STEPS = dict.fromkeys(PLACED, _PLACED) | {"work_order": _JOB}
