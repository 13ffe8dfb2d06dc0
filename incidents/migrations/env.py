"""How Alembic meets our database: on the connection that `incidents.migrate` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from incidents.models import Incident

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Incident.metadata,  # of all tables
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
