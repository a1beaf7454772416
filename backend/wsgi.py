"""Entry point over HTTP: `gunicorn backend.wsgi:app`."""

import threading
import time

from backend.core.loading import for_good

# Under our own worker class most of this is loaded already.
with for_good():
    from sqlalchemy.exc import OperationalError

    from backend.alarms.queries.pulses import WEB
    from backend.alarms.services.keeping_watch import keep_watch
    from backend.app import create_app
    from backend.core import config, logs
    from backend.core.private_files import be_private
    from backend.local.home import Home
    from backend.phones.services.history import watch_history

be_private()
settings = config.read()
logs.configure(level=settings.log_level)
logs.configure_libraries(settings.log_level)
settings.keys.need_all()
here = Home(settings.home)
here.attend()
with for_good():
    app = create_app(settings)


def _has_watched() -> bool:
    try:
        watch_history(app.extensions["wangge"].database, settings.home)
    except OperationalError:
        return False
    return True


def _watch_once_it_answers() -> None:
    while not _has_watched():
        time.sleep(1)


# A worker that ended because the database is away would take the whole server with it: it says 503 until it
# is back.
if not _has_watched():
    threading.Thread(target=_watch_once_it_answers, daemon=True).start()
keep_watch(app.extensions["wangge"].database, settings, WEB, hands_out=True)
