"""The schema that Alembic makes is the schema that the models describe, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.command import downgrade
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

import incidents.models
from incidents.errors import StoreUnavailable
from incidents.migrate import config_for, current, upgrade
from incidents.store import Store

assert incidents.models.Incident  # the tables fill the metadata that the test compares with


def test_the_migrated_schema_equals_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_upgrading_again_changes_nothing(store: Store) -> None:
    before = current(store)
    upgrade(store)
    assert current(store) == before is not None


def test_a_database_without_a_schema_has_no_revision(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'new.db'}") as store:
        assert current(store) is None


def test_the_way_back_leaves_nothing_behind(store: Store) -> None:
    with store.engine.connect() as connection, connection.begin():
        downgrade(config_for(connection), "base")
    assert set(inspect(store.engine).get_table_names()) <= {"alembic_version"}
    upgrade(store)
    assert "incident" in inspect(store.engine).get_table_names()


def test_processes_that_start_together_upgrade_once(tmp_path: Path) -> None:
    stores = [Store(f"sqlite:///{tmp_path / 'shared.db'}") for _ in range(4)]
    failures: list[Exception] = []

    def start(store: Store) -> None:
        try:
            upgrade(store)
        except Exception as failure:  # noqa: BLE001 - whatever it is, the test tells it
            failures.append(failure)

    threads = [threading.Thread(target=start, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert current(stores[0]) is not None
    for store in stores:
        store.close()


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'odd.db'}") as store:
        with store.engine.connect() as connection, connection.begin():
            connection.execute(text("CREATE TABLE step (id INTEGER)"))  # one of ours is taken by somebody else
        with pytest.raises(StoreUnavailable, match="could not be upgraded"):
            upgrade(store)
        assert inspect(store.engine).get_table_names() == ["step"]
