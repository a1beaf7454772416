"""alembic's entry: runs migrations on the connection it is given."""

from __future__ import annotations

from alembic import context
from geoalchemy2 import alembic_helpers

from backend.migrations.environment import METADATAS, include_object


def run() -> None:
    """Upgrade or compare, in the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=METADATAS,
        include_object=include_object,
        render_item=alembic_helpers.render_item,
        transactional_ddl=True,
    )
    context.run_migrations()


run()
