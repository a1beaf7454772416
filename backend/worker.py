"""Entry point of the queue: `celery -A backend.worker:app worker --beat`."""

from backend.core.loading import for_good

with for_good():
    from celery.signals import setup_logging

    from backend.core import config, logs
    from backend.core.private_files import be_private
    from backend.local.home import Home
    from backend.queue import pulses
    from backend.queue.tasks import make_celery

be_private()
settings = config.read()
logs.configure(level=settings.log_level)
settings.keys.need_all()
here = Home(settings.home)
here.attend()
app = make_celery(settings)
pulses.install(settings)


@setup_logging.connect
def _log(**_: object) -> None:
    """Ours instead of Celery's own, which would write a page for each task while the database is away."""
    logs.configure_libraries(settings.log_level)
