"""The schema, brought up to date in process: at the start of `up`, by `midwatch db upgrade`, and in the tests."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from incidents.errors import StoreUnavailable
from incidents.store import Store

LOCK = 0x6D696477
"""Key of the advisory lock that keeps two starting processes apart on PostgreSQL."""


def upgrade(store: Store) -> None:
    """Bring the database of `store` to the newest revision, all of it or nothing.

    Safe in several processes at once. Raises StoreUnavailable when the database cannot be reached or written.
    """
    try:
        with store.engine.connect() as connection, connection.begin():
            _alone(connection)
            command.upgrade(config_for(connection), "head")
    except SQLAlchemyError as failure:
        raise StoreUnavailable(f"the database could not be upgraded: {failure}") from failure


def current(store: Store) -> str | None:
    """The revision the database is at; None when it holds no schema yet."""
    with store.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def _alone(connection: Connection) -> None:
    # SQLite needs nothing: its transaction began IMMEDIATE and so holds the only write lock.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})


def config_for(connection: Connection) -> Config:
    """Alembic's view of our migrations, working on an open connection."""
    config = Config()
    config.set_main_option("script_location", "incidents:migrations")
    config.attributes["connection"] = connection
    return config
