"""Periodic tasks of core: deletes what retention no longer keeps."""

from backend.core.retention import Kept
from backend.core.running import Clock, Periodic, Worker
from backend.core.sentences import sentence
from backend.core.services.tidying import KEEP_FACTS, KEEP_REMOVALS, KEEP_TOKENS, tidy


def _tidy(worker: Worker) -> int:
    with worker.database.transaction() as session:
        return tidy(session)


PERIODIC = (Periodic("wangge.tidy", Clock(20), _tidy),)
KEEPS = (
    Kept("records", sentence("core.kept_records"), sentence("core.kept_records_why"), lambda _: None),
    Kept("trail", sentence("core.kept_trail"), sentence("core.kept_trail_why"), lambda _: None),
    Kept("facts", sentence("core.kept_facts"), sentence("core.kept_facts_why"), lambda _: KEEP_FACTS.days),
    Kept(
        "tokens", sentence("core.kept_tokens"), sentence("core.kept_tokens_why"), lambda _: KEEP_TOKENS.days
    ),
    Kept(
        "removals",
        sentence("core.kept_removals"),
        sentence("core.kept_removals_why"),
        lambda _: KEEP_REMOVALS.days,
    ),
)
