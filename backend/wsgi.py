"""The way in over HTTP: `gunicorn backend.wsgi:app`."""

from backend import config, logs
from backend.app import create_app
from backend.services.history import watch_history

logs.configure()
settings = config.read()
app = create_app(settings)
watch_history(app.extensions["wangge"].database, settings.home)
