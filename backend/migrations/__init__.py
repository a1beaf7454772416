"""Migrations of the schema, and the triggers that keep records whole.

They refuse a commit in which a record and its wire form disagree.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text

from backend.core.kinds.registry import KINDS

_AT_COMMIT = """
CREATE OR REPLACE FUNCTION wangge_at_commit() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
    -- As text: a `name` has another collation, and no index of ours would serve it.
    my_kind text := TG_TABLE_NAME::text;
    written bigint;
    filed text[];
    stray integer;
    live integer;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.version <> OLD.version + 1
       AND NOT (NEW.version > OLD.version AND NEW.version % 4294967296 = 1) THEN
        RAISE EXCEPTION 'record %/% moved from version % to %',
            TG_TABLE_NAME, NEW.id, OLD.version, NEW.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT version, scopes INTO written, filed FROM sync_document WHERE kind = my_kind AND id = NEW.id;
    IF written IS NULL OR written < NEW.version THEN
        RAISE EXCEPTION 'record %/% version % has no document', TG_TABLE_NAME, NEW.id, NEW.version
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT count(*), count(*) FILTER (WHERE version <> written OR scope <> ALL (filed)) INTO live, stray
        FROM sync_entry WHERE kind = my_kind AND id = NEW.id AND NOT removed;
    IF stray > 0 OR live <> cardinality(filed) THEN
        RAISE EXCEPTION 'record %/% has entries that disagree with its document', TG_TABLE_NAME, NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$
"""

# Units hang below one another without a circle, whoever writes them: a query that walks the tree would never
# end well.
_TREE = """
CREATE OR REPLACE FUNCTION wangge_unit_tree() RETURNS trigger LANGUAGE plpgsql
AS $$
DECLARE
    up uuid := NEW.parent_id;
    steps integer := 0;
BEGIN
    IF up IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('tree of units', 0));
    END IF;
    WHILE up IS NOT NULL LOOP
        steps := steps + 1;
        IF up = NEW.id OR steps > 100 THEN
            RAISE EXCEPTION 'unit % would hang below itself', NEW.id
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        SELECT parent_id INTO up FROM unit WHERE id = up;
    END LOOP;
    RETURN NULL;
END $$
"""


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest schema; does nothing when it is there already."""
    with engine.begin() as connection:
        # One server process upgrades, the others wait for it.
        connection.execute(text("SELECT pg_advisory_xact_lock(7711)"))
        command.upgrade(_config(connection), "head")
        install_triggers(connection)


def install_triggers(connection: Connection) -> None:
    """The commit check on every kind's table, also on those of kinds that were added since.

    A kind whose migration is only about to be written has no table yet.
    """
    connection.execute(text(_AT_COMMIT))
    tables = set(inspect(connection).get_table_names())
    present = set(
        connection.execute(
            text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'wangge_at_commit'")
        ).scalars()
    )
    for name in KINDS:
        if name in tables and name not in present:
            connection.execute(
                text(
                    f"CREATE CONSTRAINT TRIGGER wangge_at_commit AFTER INSERT OR UPDATE ON {name} "
                    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wangge_at_commit()"
                )
            )
    if "unit" in tables:
        connection.execute(text(_TREE))
        if not connection.execute(text("SELECT 1 FROM pg_trigger WHERE tgname = 'wangge_unit_tree'")).first():
            connection.execute(
                text(
                    "CREATE CONSTRAINT TRIGGER wangge_unit_tree AFTER INSERT OR UPDATE OF parent_id ON unit "
                    "FOR EACH ROW EXECUTE FUNCTION wangge_unit_tree()"
                )
            )


def newest() -> str:
    """The number of this release's last migration."""
    return ScriptDirectory.from_config(_config()).get_current_head() or "0"


def make_revision(engine: Engine, sentence: str) -> Path:
    """Write a new migration from what the models have and the database lacks."""
    with engine.begin() as connection:
        config = _config(connection)
        last = ScriptDirectory.from_config(config).get_current_head() or "0"
        number = f"{int(last) + 1:04}" if last.isdecimal() else None
        script = command.revision(config, sentence, autogenerate=True, rev_id=number)
    if script is None or isinstance(script, list):
        raise RuntimeError("alembic made no single revision")
    return Path(script.path)


def differences(engine: Engine) -> list[str]:
    """What the models say that the migrations do not; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from backend.migrations.environment import METADATAS, include_object

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": include_object, "target_metadata": METADATAS}
        )
        return [str(one) for one in compare_metadata(context, METADATAS)]  # type: ignore[arg-type]
