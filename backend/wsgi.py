"""The way in over HTTP: `gunicorn backend.wsgi:app`."""

from backend import config, logs
from backend.app import create_app

logs.configure()
app = create_app(config.read())
