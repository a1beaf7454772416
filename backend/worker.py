"""The way in for the queue: `celery -A backend.worker:app worker --beat`."""

from backend import config, logs
from backend.tasks.jobs import make_celery

logs.configure()
app = make_celery(config.read())
