"""The way in over HTTP: `gunicorn backend.wsgi:app`."""

import gc

from backend import config, logs
from backend.app import create_app
from backend.local.home import Home
from backend.services.history import watch_history

logs.configure()
settings = config.read()
here = Home(settings.home)
here.attend()
app = create_app(settings)
watch_history(app.extensions["wangge"].database, settings.home)

# What the server is made of lives as long as it does: the collector need not look at it again and again.
gc.collect()
gc.freeze()
