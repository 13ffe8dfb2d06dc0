"""What one process of Midwatch holds open: settings, database, inventory, runbooks, engine; and how it hints.

Everything but the database is made when first asked for, so that `midwatch incident ack 7` does not read the runbooks
and the server takes its first alert before Celery is imported.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from sqlalchemy.exc import DBAPIError

from bot.metrics import Metrics
from incidents import migrate
from incidents.approvals import approvers_of
from incidents.errors import Misconfigured
from incidents.inventory import Inventory, load_inventory
from incidents.redaction import redact
from incidents.settings import Settings, secret_named
from incidents.store import Store

if TYPE_CHECKING:
    from bot.poster import Poster
    from runbooks.shelf import Shelf
    from workers.engine import Engine
    from workers.tasks import CeleryHints

log = logging.getLogger(__name__)
Page = Literal["timeline", "postmortem"]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Runtime:
    """One process's hold on an installation. `close` it, or use it as a context manager."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.metrics = Metrics()
        # Before the database makes it: what it holds is for this user alone.
        try:
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as why:
            raise Misconfigured(f"MIDWATCH_HOME: {settings.home} cannot be made: {why.strerror}") from None
        self.store = Store(self.settings.database_url)
        self.poster: Poster | None = None
        self.swept_at: Callable[[], float | None] = lambda: None
        """When the sweep of this process last ended, as a POSIX time."""
        self.stopping = threading.Event()
        """Set on the way down: webhooks answer 503 from then on."""
        self.address = "http://127.0.0.1:8000"
        """Where the server of this process listens; `start` of the server corrects it."""

    # ---- parts

    @cached_property
    def inventory(self) -> Inventory:
        """Raises Misconfigured with file and line."""
        return load_inventory(self.settings.inventory)

    @cached_property
    def shelf(self) -> Shelf:
        from runbooks.shelf import Shelf

        return Shelf.load(self.settings.runbooks, self.inventory)

    @cached_property
    def hints(self) -> CeleryHints:
        from workers import app, tasks

        app.connect(self.settings.broker_url)
        return tasks.CeleryHints()

    @cached_property
    def engine(self) -> Engine:
        from workers.engine import Engine

        return Engine(self.store, self.settings, self.inventory, self.shelf, self.hints, self.clock)

    # ---- secrets

    @cached_property
    def webhook_token(self) -> str:
        """The configured token, else one that is made at first use and kept under home."""
        token = self.settings.webhook_token
        return token.get_secret_value() if token else secret_named(self.settings.home, "webhook-token")

    @cached_property
    def api_token(self) -> str:
        token = self.settings.api_token
        return token.get_secret_value() if token else secret_named(self.settings.home, "api-token")

    def page_key(self, scope: int | None) -> str:
        """The key that opens the pages of one incident, or with None all of them."""
        message = "pages of every incident" if scope is None else f"pages of incident {scope}"
        return hmac.new(self._page_secret.encode(), message.encode(), hashlib.sha256).hexdigest()[:40]

    @cached_property
    def _page_secret(self) -> str:
        # With a configured token every replica of the bot opens the links of every other.
        return self.api_token if self.settings.api_token else secret_named(self.settings.home, "page-secret")

    # ---- addresses

    @property
    def public_url(self) -> str:
        """Where people reach the pages: as configured, else where this process listens. No slash at the end."""
        return self.settings.public_url or self.address

    @property
    def root(self) -> str:
        """The path below which a proxy shows us; empty without one."""
        return urlsplit(self.public_url).path.rstrip("/")

    def link_to(self, incident_id: int | None, page: Page = "timeline") -> str:
        """A link that opens a page of one incident, or with None the list, for whoever has it."""
        path = "/incidents" if incident_id is None else f"/incidents/{incident_id}"
        tail = "/postmortem" if page == "postmortem" and incident_id is not None else ""
        return f"{self.public_url}{path}{tail}?key={self.page_key(incident_id)}"

    # ---- acts

    def approvers(self, system: str | None) -> tuple[str, ...]:
        """Who may act on a system's incidents from outside Slack: its own list, else the installation's."""
        return approvers_of(self.inventory.system(system), self.settings)

    def prepare_database(self) -> None:
        """Bring the embedded database up to date. Misconfigured when another one must be upgraded by hand first."""
        try:
            self._prepare_database()
        except DBAPIError as why:
            said = redact(str(why.orig).strip().splitlines()[0])
            raise Misconfigured(f"MIDWATCH_DATABASE_URL: {said}; `midwatch doctor` tells more") from None

    def _prepare_database(self) -> None:
        if self.store.sqlite:
            migrate.upgrade(self.store)
            return
        at, newest = migrate.current(self.store), newest_revision()
        if at != newest:
            stands = f"is at {at}, this version needs {newest}" if at else "is not there yet"
            raise Misconfigured(f"MIDWATCH_DATABASE_URL: the schema {stands}; run `midwatch db upgrade`")

    def hint_triage(self, incident_ids: Iterable[int]) -> None:
        """Say that these incidents want a triage. Harmless when the broker is down: the sweep says it again."""
        for incident_id in incident_ids:
            self.hints.triage(incident_id)

    def wake_poster(self) -> None:
        """Tell the poster of this process, if there is one, that something changed."""
        if self.poster is not None:
            self.poster.wake()

    def close(self) -> None:
        self.stopping.set()
        self.store.close()

    def __enter__(self) -> Runtime:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def newest_revision() -> str | None:
    """The revision of the schema that this version works with."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "incidents:migrations")
    return ScriptDirectory.from_config(config).get_current_head()
