"""Who of several processes does a thing that only one may do: a row that its holder renews, and loses when it dies.

Used for posting to Slack, whose rates and "posted once" hold for all processes together.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session
from sqlmodel import col

from incidents.holders import is_dead, this_process
from incidents.models import Switch
from incidents.store import Store

EVER = datetime.min.replace(tzinfo=UTC)


class Lease:
    """One process's claim on a name, kept as a Switch row whose `changed_by` is the holder.

    A dead holder on this host is followed at once, one elsewhere when its time is over.
    """

    def __init__(self, store: Store, name: str, lasts: timedelta, clock: Callable[[], datetime]) -> None:
        self._store, self._name, self._lasts, self._clock = store, name, lasts, clock
        self._me, self._renewed = this_process(), EVER

    def held(self) -> bool:
        """Whether this process may do it now, for at least half of the lease's time."""
        now = self._clock()
        if now - self._renewed < self._lasts / 2:
            return True
        if not self._store.write(lambda session: self._taken(session, now)):
            return False
        self._renewed = now
        return True

    def give_up(self) -> None:
        """Let another process follow at once."""
        self._renewed = EVER
        mine = update(Switch).where(col(Switch.name) == self._name, col(Switch.changed_by) == self._me)
        self._store.write(lambda session: session.execute(mine.values(on=False)) and None)

    def _taken(self, session: Session, now: datetime) -> bool:
        held = session.get(Switch, self._name)
        if held is None:
            session.add(Switch(name=self._name, on=True, changed_by=self._me, changed_at=now))
            return True
        others = held.on and held.changed_by != self._me
        if others and held.changed_at > now - self._lasts and not is_dead(held.changed_by):
            return False
        unchanged = [col(Switch.name) == self._name, col(Switch.changed_by) == held.changed_by]
        taken = update(Switch).where(*unchanged, col(Switch.changed_at) == held.changed_at)
        renewed = session.execute(taken.values(on=True, changed_by=self._me, changed_at=now))
        return bool(renewed.rowcount == 1)  # type: ignore[attr-defined] # an UPDATE gives a CursorResult
