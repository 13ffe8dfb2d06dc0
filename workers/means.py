"""What every part of the run loop works with, and how it says that a row is ready."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy.orm import Session

from incidents import acts, approvals
from incidents.inventory import Inventory, fingerprint
from incidents.models import Incident, Step
from incidents.settings import Settings
from incidents.store import Store
from runbooks.document import Procedure
from runbooks.shelf import Shelf


class Hints(Protocol):
    """How to say that a row is ready. A hint may be lost or repeated; the sweep and the claim make that harmless."""

    def triage(self, incident_id: int) -> None: ...

    def run_step(self, step_id: int, queue: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Means:
    """One process's database, settings, inventory, runbooks and clock."""

    store: Store
    settings: Settings
    inventory: Inventory
    shelf: Shelf
    clock: Callable[[], datetime]

    def approvers(self, system: str | None) -> tuple[str, ...]:
        """Who may approve fixes of a system, and promote its procedures."""
        return approvals.approvers_of(self.inventory.system(system), self.settings)

    def has_moved(self, step: Step, incident: Incident) -> bool:
        """Whether the inventory says something else of a step's system than when the step was made."""
        system = self.inventory.system(incident.system) if incident.system else None
        planned: str = step.call.get("inventory", "")
        return planned != fingerprint(system)

    def is_live(self, session: Session, procedure: Procedure, system: str | None) -> bool:
        """Whether a procedure's checks run by themselves: promoted as it stands, or declared so in the inventory."""
        known = self.inventory.system(system)
        declared = known is not None and known.live == "read_only"
        return declared or acts.promoted(session, procedure.id) == procedure.digest


def utc_now() -> datetime:
    return datetime.now(UTC)
