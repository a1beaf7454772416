"""HTTP: one blueprint per first URL segment; a function here reads the request, calls one service, shapes the reply."""

from flask_smorest import Blueprint

from backend.api.json_bodies import BodyParser

# Blueprints read bodies by it as soon as they are declared: it must be there before any of them.
Blueprint.ARGUMENTS_PARSER = BodyParser()
