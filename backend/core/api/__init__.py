"""HTTP for every capability: a function there reads the request, calls one service, shapes the reply."""

from flask_smorest import Blueprint

from backend.core.api.json_bodies import BodyParser

# Blueprints read bodies by it as soon as they are declared: whoever declares one imports something from here
# first.
Blueprint.ARGUMENTS_PARSER = BodyParser()
