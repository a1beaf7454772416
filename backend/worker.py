"""Entry point of the queue: `celery -A backend.worker:app worker --beat`."""

from backend.core.loading import for_good

with for_good():
    from backend.core import config, logs
    from backend.core.private_files import be_private
    from backend.local.home import Home
    from backend.queue import pulses
    from backend.queue.tasks import make_celery

logs.configure()
be_private()
settings = config.read()
settings.keys.need_all()
here = Home(settings.home)
here.attend()
app = make_celery(settings)
pulses.install(settings)
