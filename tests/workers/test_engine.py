"""The run loop. What must not happen comes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from incidents import acts
from incidents.alert import AlertStatus
from incidents.errors import Rejected
from incidents.inventory import Inventory
from incidents.lifecycle import IncidentStatus, StepState
from incidents.models import Step
from incidents.store import Store
from tests.workers.house import ALERT, House, together
from workers import inflight
from workers.inflight import ATTEMPTS, LEASE
from workers.steps import Result

LIT, LOG, LIGHT, REPLACE = "Is it lit?", "What does its log say?", "Light it", "Replace it"


@pytest.fixture
def build(store: Store, tmp_path: Path, now: datetime) -> Iterator[Callable[..., House]]:
    """Builds a house, and takes it down after the test."""
    built: list[House] = []

    def house(**options: Any) -> House:
        built.append(House(store, tmp_path, now, **options))
        return built[-1]

    yield house
    for each in built:
        each.close()


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    return build()


# ---- refusals


def test_nothing_that_changes_anything_runs_before_somebody_approves(house: House) -> None:
    house.alert()
    house.play()
    assert house.steps()[LIGHT] == StepState.AWAITING_APPROVAL
    assert house.times_run() == 0


def test_a_denied_fix_never_runs(house: House) -> None:
    incident = house.alert()
    house.play()
    house.decide(yes=False)
    house.play()
    assert house.times_run() == 0
    assert house.run().state == "finished"
    assert "denied by U0ALICE" in house.told(incident)


def test_a_step_made_ready_without_an_approval_is_refused(house: House) -> None:
    house.alert()
    house.play()
    forge(house, state=StepState.READY)
    house.engine.run_step(house.row(LIGHT).id or 0)
    assert house.times_run() == 0
    assert house.row(LIGHT).state == StepState.SUPERSEDED


def test_a_call_that_was_changed_after_its_approval_is_refused(house: House) -> None:
    house.alert()
    house.play()
    house.decide()
    forge(house, call={"args": {"argv": ["./replace.sh"], "cwd": str(house.work)}, "filters": []})
    house.play()
    assert house.times_run() == 0
    assert house.row(LIGHT).state == StepState.SUPERSEDED


def test_a_runbook_that_was_edited_after_the_approval_means_asking_again(house: House) -> None:
    incident = house.alert()
    house.play()
    house.decide()
    house.document.write_text(house.document.read_text().replace("./light.sh", "./light.sh --force"))
    house.engine.shelf.refresh()
    house.play()
    assert house.times_run() == 0
    assert "its runbook has changed since" in house.told(incident)


def test_a_target_that_moved_after_the_approval_means_starting_again(house: House) -> None:
    incident = house.alert()
    house.play()
    house.decide()
    moved = house.inventory.systems["lamp"].model_copy(update={"workdir": str(house.folder)})
    house.inventory = Inventory(systems={"lamp": moved})
    house.engine = house.another_engine()
    house.play()
    assert house.times_run() == 0
    assert "the inventory's entry for its system has changed" in house.told(incident)
    with pytest.raises(Rejected, match="start the procedure again"):
        house.engine.ask_again(house.row(LIGHT).id or 0, "U0ALICE")


def test_an_edit_is_seen_by_a_worker_that_nobody_told_of_it(house: House) -> None:
    house.alert()
    house.play()
    house.document.write_text(house.document.read_text().replace("./light.sh", "./light.sh --all"))
    house.decide()
    house.play()
    assert house.times_run() == 0
    assert "its runbook has changed" in house.row(LIGHT).summary


def test_an_approved_fix_does_not_start_once_its_incident_is_over(house: House) -> None:
    incident = house.alert()
    house.play()
    house.store.write(lambda s: acts.pause(s, "U0BOB", house.now))
    house.decide()
    house.play()
    house.store.write(lambda s: acts.resolve(s, incident, "U0ALICE", house.now))
    house.store.write(lambda s: acts.resume(s, "U0BOB", house.now))
    house.engine.sweep()
    house.play()
    assert house.times_run() == 0
    assert house.steps()[LIGHT] == StepState.SUPERSEDED
    assert house.run().state == "finished"


def test_an_approval_of_hours_ago_starts_nothing(house: House) -> None:
    incident = house.alert()
    house.play()
    house.store.write(lambda s: acts.pause(s, "U0BOB", house.now))
    house.decide()
    house.play()
    house.wait(house.settings.approval_minutes * 60 + 1)
    house.store.write(lambda s: acts.resume(s, "U0BOB", house.now))
    house.engine.sweep()
    house.play()
    assert house.times_run() == 0
    assert "approved too long ago" in house.told(incident)


def test_a_pause_ends_the_repeating_of_a_check_that_waits_for_a_service(house: House) -> None:
    house.alert()
    house.play()
    house.script("light.sh", "echo once >> runs.txt")  # it does not help, so its check would be tried for 20 s
    house.decide()
    house.engine.run_step(house.hints.steps.popleft())
    house.hints.steps.popleft()  # a check of the second round, followed by hand
    claim = house.claim(next(step.id or 0 for step in house.rows() if step.round == 2 and step.title == LIT))
    assert claim is not None and claim.settling
    began = time.monotonic()
    assert inflight.perform(claim, lambda: True).result is Result.FAILED
    assert time.monotonic() - began < 5


def test_while_paused_nothing_runs_and_afterwards_it_does(house: House) -> None:
    house.store.write(lambda s: acts.pause(s, "U0ALICE", house.now))
    house.alert()
    house.play()
    assert house.steps()[LIT] == StepState.READY
    house.store.write(lambda s: acts.resume(s, "U0ALICE", house.now))
    house.engine.sweep()
    house.play()
    assert house.steps()[LIT] == StepState.FAILED


def test_a_procedure_in_shadow_plans_and_runs_nothing(build: Callable[..., House], now: datetime) -> None:
    house = build(live=False)
    incident = house.alert()
    house.play()
    house.engine.sweep()
    house.play()
    assert set(house.steps().values()) == {StepState.PLANNED}
    assert "in shadow" in house.told(incident)


def test_a_check_that_cannot_run_says_so_and_is_not_counted_as_passed(build: Callable[..., House]) -> None:
    lost = "**Symptoms**: lamp is dark\n\n**Diagnosis**:\n```bash\n# Does its socket answer?\ncurl -s http://lamp.example/health\n```\n"
    house = build(runbook=f"# Lamp\n\n## Incidents\n\n### Lamp is dark\n\n{lost}")
    incident = house.alert()
    house.play()
    assert house.steps() == {"Does its socket answer?": StepState.SKIPPED}
    assert "1 could not run" in (house.incident(incident).verdict or "")
    assert "passed" not in (house.incident(incident).verdict or "")


# ---- the story


def test_an_alert_becomes_checks_a_verdict_one_fix_and_a_mended_lamp(house: House) -> None:
    incident = house.alert()
    house.play()
    assert house.steps() == {
        LIT: StepState.FAILED,
        LOG: StepState.SUCCEEDED,
        LIGHT: StepState.AWAITING_APPROVAL,
        REPLACE: StepState.PLANNED,
    }
    assert "1 failed, 1 passed" in (house.incident(incident).verdict or "")
    assert house.decide() == "approved"
    house.play()
    assert house.times_run() == 1
    mended = house.incident(incident)
    assert mended.status == IncidentStatus.MITIGATED
    assert mended.verdict is not None and mended.verdict.startswith("Mended by 'Light it': 2 passed")
    assert house.run().state == "finished"


def test_a_fix_that_does_not_help_is_followed_by_the_next_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.inflight.SETTLING", 0.0)
    house.script("light.sh", "echo once >> runs.txt")
    incident = house.alert()
    house.play()
    house.decide()
    house.play()
    assert house.row(REPLACE).state == StepState.AWAITING_APPROVAL
    assert house.incident(incident).status == IncidentStatus.TRIGGERED
    assert house.times_run() == 1


def test_a_service_that_needs_a_moment_after_its_fix_is_given_it(house: House) -> None:
    house.script("light.sh", "echo once >> runs.txt\n(sleep 1.5; echo yes > lit.txt) > /dev/null 2>&1 &")
    incident = house.alert()
    house.play()
    house.decide()
    house.play()
    assert house.incident(incident).status == IncidentStatus.MITIGATED


def test_an_alert_without_a_runbook_is_told_so(house: House) -> None:
    other = replace(ALERT, dedup_key="x", title="PayrollExportLate", service="payroll", system=None, labels={})
    incident = house.alert(other)
    house.play()
    assert "no runbook answers this alert" in house.told(incident)


def test_promoting_a_procedure_starts_the_runs_that_waited_for_it(build: Callable[..., House], now: datetime) -> None:
    house = build(live=False)
    house.alert()
    house.play()
    procedure = house.engine.shelf.procedure(house.run().procedure_id)
    assert procedure is not None
    house.store.write(lambda s: acts.promote(s, procedure.id, procedure.digest, "U0ALICE", now))
    house.engine.promoted(procedure)
    house.play()
    assert house.steps()[LIT] == StepState.FAILED
    assert house.steps()[LIGHT] == StepState.AWAITING_APPROVAL


def test_the_end_of_the_alert_withdraws_the_question_and_ends_the_run(house: House) -> None:
    house.alert()
    house.play()
    house.alert(replace(ALERT, status=AlertStatus.RESOLVED))
    house.engine.sweep()
    assert house.row(LIGHT).state == StepState.SUPERSEDED
    assert house.run().state == "finished"


def test_a_denied_fix_can_be_asked_for_again_as_a_new_step(house: House) -> None:
    house.alert()
    house.play()
    house.decide(yes=False)
    denied = house.row(LIGHT).id
    house.engine.ask_again(denied or 0, "U0BOB")
    assert house.row(LIGHT).id != denied
    house.decide()
    house.play()
    assert house.times_run() == 1


def test_a_step_that_waits_cannot_be_asked_for_again(house: House) -> None:
    house.alert()
    house.play()
    with pytest.raises(Rejected):
        house.engine.ask_again(house.row(LIGHT).id or 0, "U0BOB")


# ---- nothing twice


def test_repeated_and_concurrent_hints_start_a_fix_once(house: House) -> None:
    house.alert()
    house.play()
    house.decide()
    step = house.row(LIGHT).id or 0
    engines = [house.engine, *(house.another_engine() for _ in range(3))]
    together(*(lambda e=engine: e.run_step(step) for engine in engines for _ in range(2)))
    house.play()
    assert house.times_run() == 1


def test_a_triage_that_is_hinted_twice_makes_one_run(house: House) -> None:
    incident = house.alert()
    together(*(lambda: house.engine.triage(incident) for _ in range(4)))
    with house.store.read() as session:
        from sqlalchemy import func, select

        from incidents.models import Run

        assert session.scalar(select(func.count()).select_from(Run)) == 1


def test_a_fix_whose_worker_died_is_unknown_and_waits_for_a_person(house: House) -> None:
    incident = house.alert()
    house.play()
    house.decide()
    step = abandoned(house, LIGHT)
    house.wait(LEASE.total_seconds() + 1)
    house.engine.sweep()
    house.play()
    house.engine.run_step(step)
    assert house.row(LIGHT).state == StepState.UNKNOWN
    assert house.times_run() == 0
    assert "may or may not have finished" in house.told(incident)


def test_a_persons_verdict_on_an_unknown_fix_lets_the_run_go_on(house: House) -> None:
    incident = house.alert()
    house.play()
    house.decide()
    step = abandoned(house, LIGHT)
    house.wait(LEASE.total_seconds() + 1)
    house.engine.sweep()
    (house.work / "lit.txt").write_text("yes\n")
    house.store.write(lambda s: acts.mark(s, step, True, "U0ALICE", house.now))
    house.engine.advance(house.run().id or 0)
    house.play()
    assert house.incident(incident).status == IncidentStatus.MITIGATED


def test_a_check_whose_workers_die_is_run_again_but_not_for_ever(house: House) -> None:
    house.alert()
    house.engine.triage(house.hints.triages.popleft())
    for attempt in range(1, ATTEMPTS + 1):
        abandoned(house, LIT, attempt)
        house.wait(LEASE.total_seconds() + 1)
        house.engine.sweep()
    assert house.row(LIT).state == StepState.FAILED
    assert house.row(LIT).attempt == ATTEMPTS


def test_a_result_that_comes_after_the_lease_ended_is_not_taken(house: House) -> None:
    incident = house.alert()
    house.engine.triage(house.hints.triages.popleft())
    step = house.row(LIT).id or 0
    frozen = house.claim(step)
    assert frozen is not None
    outcome = inflight.perform(frozen)
    house.wait(LEASE.total_seconds() + 1)
    house.engine.sweep()
    house.another_engine().run_step(step)
    taken = house.row(LIT)
    house.store.write(lambda s: inflight.record(house.engine.means, s, frozen, outcome))
    assert house.row(LIT) == taken
    assert "after its lease had ended" in house.told(incident)


def test_a_worker_that_still_renews_its_lease_keeps_its_step(house: House) -> None:
    house.alert()
    house.engine.triage(house.hints.triages.popleft())
    step = house.row(LIT).id or 0
    house.claim(step)
    for _ in range(5):
        house.wait(LEASE.total_seconds() / 2)
        house.engine.renew_leases()
        house.engine.sweep()
    assert house.row(LIT).state == StepState.RUNNING


def test_what_an_earlier_process_hinted_is_hinted_anew_by_the_next_one_at_once(house: House) -> None:
    house.engine.triage(house.alert())
    house.engine.sweep()
    house.hints.steps.clear()  # its in-memory broker dies with a process
    house.engine.sweep()
    assert list(house.hints.steps) == []
    house.wait(1)
    house.another_engine().sweep()
    assert len(house.hints.steps) == 2


def test_lost_hints_are_said_again_by_the_sweep(house: House) -> None:
    house.alert()
    house.hints.triages.clear()
    house.engine.sweep()
    house.play()
    assert house.steps()[LIGHT] == StepState.AWAITING_APPROVAL


def test_the_chain_of_a_whole_story_is_unbroken(house: House) -> None:
    from incidents import timeline

    incident = house.alert()
    house.play()
    house.decide()
    house.play()
    row = house.incident(incident)
    assert timeline.faults(house.events(incident), row.events, row.head) == []


def abandoned(house: House, title: str, attempt: int = 1) -> int:
    """Claim a step as a worker that dies right afterwards."""
    step = house.row(title)
    assert step.attempt == attempt - 1
    assert house.claim(step.id or 0, owner="elsewhere/1/1") is not None
    return step.id or 0


def forge(house: House, **values: object) -> None:
    """Change the fix's row behind the back of everything."""
    step_id = house.row(LIGHT).id

    def work(session: Session) -> None:
        step = session.get_one(Step, step_id)
        for name, value in values.items():
            setattr(step, name, value)

    house.store.write(work)
