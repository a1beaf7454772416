"""The way in for the queue: `celery -A backend.worker:app worker --beat`."""

from backend import config, logs
from backend.local.home import Home
from backend.tasks.jobs import make_celery

logs.configure()
settings = config.read()
here = Home(settings.home)
here.attend()
app = make_celery(settings)
