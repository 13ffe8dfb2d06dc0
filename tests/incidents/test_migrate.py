"""The schema that Alembic makes is the schema that the models describe."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel

import incidents.models
from incidents.errors import StoreUnavailable
from incidents.migrate import current, upgrade
from incidents.store import Store

assert incidents.models.Incident


def test_the_migrated_schema_equals_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
