"""Buttons, clicked by people who may and by people who may not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.slack import actions
from incidents.errors import Rejected
from incidents.models import Approval, Step, TimelineEvent
from tests.bot.room import eventually, said
from tests.bot.stage import Stage, stage


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made


@pytest.fixture
def asked(room: Stage) -> tuple[int, int]:
    """INC-1 with a fix that waits for approval: the ids of its step and its approval."""
    incident = room.open()
    ids = room.ask(incident)
    room.settle()
    return ids


def approval(room: Stage, id_: int) -> Approval:
    with room.store.read() as session:
        return session.get_one(Approval, id_)


def buttons(message: dict[str, object]) -> set[str]:
    blocks = message.get("blocks") or []
    assert isinstance(blocks, list)
    return {e["action_id"] for block in blocks if block["type"] == "actions" for e in block["elements"]}


# ---- refusals first


def test_somebody_who_may_not_approve_is_told_privately_who_may(room: Stage, asked: tuple[int, int]) -> None:
    answer = room.answer("charlie", lambda: room.click("charlie", "step_approve"))
    assert "Who may: @oncall" in answer
    assert room.step(asked[0]).state == "awaiting_approval"
    assert room.hints.rung == []
    with room.store.read() as session:
        refused = select(func.count()).select_from(TimelineEvent).where(TimelineEvent.kind == "refused")  # type: ignore[arg-type]
        assert session.scalar(refused) == 1


@pytest.mark.parametrize("action", ["step_approve", "step_deny", "incident_ack", "incident_resolve", "step_details"])
def test_a_guest_can_click_nothing(room: Stage, asked: tuple[int, int], action: str) -> None:
    answer = room.answer("dana", lambda: room.click("dana", action))
    assert "Guests" in answer
    assert room.step(asked[0]).state == "awaiting_approval"


def test_when_slack_does_not_say_who_is_in_the_group_nobody_may(room: Stage, asked: tuple[int, int]) -> None:
    room.standin.fail_next("usergroups.list", "internal_error")
    assert "Slack did not say" in room.answer("bob", lambda: room.click("bob", "step_approve"))
    assert room.step(asked[0]).state == "awaiting_approval"


def test_an_approver_by_id_needs_no_group_to_be_asked_for(room: Stage) -> None:
    step, _ = room.ask(room.open(), "U0BOB")
    room.settle()
    room.standin.fail_next("usergroups.list", "internal_error")
    room.click("bob", "step_approve")
    eventually(lambda: room.step(step).state == "ready")


def test_with_nobody_configured_nobody_may(room: Stage, asked: tuple[int, int]) -> None:
    room.store.write(lambda s: setattr(s.get_one(Approval, asked[1]), "approvers", []))
    assert "no approver is configured" in room.answer("bob", lambda: room.click("bob", "step_approve"))
    assert room.step(asked[0]).state == "awaiting_approval"


def test_a_click_on_what_has_changed_since_says_so_and_shows_the_present_card(
    room: Stage, asked: tuple[int, int]
) -> None:
    room.store.write(lambda s: setattr(s.get_one(Step, asked[0]), "digest", "e" * 64))
    updates = len(room.calls("chat.update"))
    assert "not what would run now" in room.answer("bob", lambda: room.click("bob", "step_approve"))
    assert room.step(asked[0]).state == "awaiting_approval"
    room.settle()
    assert len(room.calls("chat.update")) > updates


def test_an_expired_request_runs_nothing(room: Stage, asked: tuple[int, int]) -> None:
    room.clock.forward(15 * 60)
    assert "expired" in room.answer("bob", lambda: room.click("bob", "step_approve"))
    assert room.step(asked[0]).state == "expired"
    assert ("step", asked[0]) not in room.hints.rung


def test_a_double_click_acts_once_and_the_second_is_told_by_whom(room: Stage, asked: tuple[int, int]) -> None:
    card = room.cards()[0]
    room.click("bob", "step_approve", card)
    eventually(lambda: room.step(asked[0]).state == "ready")
    assert "already approved by <@U0BOB>" in room.answer("alice", lambda: room.click("alice", "step_approve", card))
    assert room.hints.rung == [("step", asked[0])]


def test_ten_clicks_at_once_approve_once(room: Stage, asked: tuple[int, int]) -> None:
    card = room.cards()[0]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: room.click(("alice", "bob")[n % 2], "step_approve", card), range(10)))
    told = lambda: len(room.standin.ephemerals("incidents", "alice")) + len(room.standin.ephemerals("incidents", "bob"))  # noqa: E731
    eventually(lambda: told() == 9)
    assert room.step(asked[0]).state == "ready"
    with room.store.read() as session:
        events = [e.data for e in session.scalars(select(TimelineEvent)) if e.data.get("to") == "ready"]
    assert len(events) == 1


def test_a_destructive_step_needs_two_people(room: Stage) -> None:
    step, asked = room.ask(room.open(), risk="destructive")
    room.store.write(lambda s: setattr(s.get_one(Approval, asked), "needed", 2))
    room.settle()
    assert "One more person" in room.answer("bob", lambda: room.click("bob", "step_approve"))
    assert "approved this already" in room.answer("bob", lambda: room.click("bob", "step_approve"))
    assert room.step(step).state == "awaiting_approval"
    room.click("alice", "step_approve")
    eventually(lambda: room.step(step).state == "ready")


@pytest.mark.parametrize("value", ["", "x", "1; DROP TABLE step", "-1", "1:zz", "9" * 40, "1:" + "a" * 65, "١"])
def test_a_value_that_no_card_carries_is_refused(value: str) -> None:
    with pytest.raises(Rejected, match="not one of mine"):
        actions.clicked(value, "U0BOB")


def test_a_button_of_a_row_that_is_gone_is_answered(room: Stage, asked: tuple[int, int]) -> None:
    room.store.write(lambda s: s.delete(s.get_one(Approval, asked[1])))
    assert "There is no approval" in room.answer("bob", lambda: room.click("bob", "step_approve"))


# ---- what they do


def test_an_approval_makes_the_step_ready_hints_it_and_takes_the_buttons_away(
    room: Stage, asked: tuple[int, int]
) -> None:
    room.click("bob", "step_approve")
    eventually(lambda: room.hints.rung == [("step", asked[0])])
    room.settle()
    card = room.cards()[0]
    assert not {"step_approve", "step_deny"} & buttons(card)
    assert "approved by <@U0BOB>" in said(card)
    assert approval(room, asked[1]).decided_by == "U0BOB"


def test_a_denial_runs_nothing_and_offers_to_ask_again(room: Stage, asked: tuple[int, int]) -> None:
    room.click("alice", "step_deny")
    eventually(lambda: room.step(asked[0]).state == "denied")
    room.settle()
    assert "denied by <@U0ALICE>" in said(room.cards()[0])
    assert "step_again" in buttons(room.cards()[0])
    assert ("step", asked[0]) not in room.hints.rung


def test_buttons_still_work_after_a_restart(room: Stage, asked: tuple[int, int]) -> None:
    room.restart()
    room.click("bob", "step_approve")
    eventually(lambda: room.step(asked[0]).state == "ready")


def test_an_acknowledgement_makes_the_first_one_lead(room: Stage, asked: tuple[int, int]) -> None:
    room.click("charlie", "incident_ack")
    eventually(lambda: room.unshown() == [1])
    answer = room.answer("bob", lambda: room.click("bob", "incident_ack"))
    assert "acknowledged before; <@U0CHARLIE> leads" in answer
    room.settle()
    assert "lead <@U0CHARLIE>" in said(room.cards()[0])
    assert "incident_ack" not in buttons(room.cards()[0])


def test_resolving_withdraws_what_waited_and_leaves_a_card_without_buttons(room: Stage, asked: tuple[int, int]) -> None:
    room.click("bob", "incident_resolve")
    eventually(lambda: room.step(asked[0]).state == "superseded")
    assert "already superseded" in room.answer("bob", lambda: room.click("bob", "step_approve"))
    room.settle()
    assert buttons(room.cards()[0]) == set()


def test_a_person_settles_an_outcome_that_nobody_saw(room: Stage, asked: tuple[int, int]) -> None:
    room.store.write(lambda s: setattr(s.get_one(Step, asked[0]), "state", "unknown"))
    room.postman.show_again(1)
    room.settle()
    assert {"step_worked", "step_failed"} <= buttons(room.cards()[0])
    room.click("bob", "step_worked")
    eventually(lambda: room.step(asked[0]).state == "marked_ok")
    assert ("step", asked[0]) not in room.hints.rung


def test_details_tell_privately_what_the_card_has_no_room_for(room: Stage, asked: tuple[int, int]) -> None:
    answer = room.answer("charlie", lambda: room.click("charlie", "step_details"))
    for words in (
        "docker compose restart api",
        "shop.md",
        "restart ends and starts a container",
        room.step(asked[0]).digest[:16],
    ):
        assert words in answer
    assert '"actions"' not in answer


def test_clicks_are_acknowledged_while_slack_answers_nothing_else(room: Stage, asked: tuple[int, int]) -> None:
    room.client.timeout = 4
    room.standin.fail_next("users.info", "timeout", times=12)
    card = room.cards()[0]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: room.click("bob", "step_approve", card), range(12)))
    assert max(seconds for _, seconds in room.standin.acks) < 3
    eventually(lambda: len(room.standin.ephemerals("incidents", "bob")) == 12)
    assert room.step(asked[0]).state == "awaiting_approval"


def test_every_button_of_a_card_has_an_act(room: Stage, asked: tuple[int, int]) -> None:
    assert buttons(room.cards()[0]) <= actions.ACTS.keys()
