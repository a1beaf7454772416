"""What jobs add to the office's writes: records find where they are, a job is taken in, and its steps go
on."""

from backend.core.services.steps_by_kind import OfficeSteps
from backend.customers.queries.places import PLACED
from backend.jobs.services.intake import receive_job
from backend.jobs.services.placing import placed, placed_again
from backend.jobs.services.rounds import go_on

_PLACED = OfficeSteps(complete=placed, complete_change=placed_again)
_JOB = OfficeSteps(complete=placed, complete_change=placed_again, create=receive_job, after_step=go_on)
STEPS = dict.fromkeys(PLACED, _PLACED) | {"work_order": _JOB}
