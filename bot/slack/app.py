"""The Bolt app: every command and button is acknowledged at once and worked on afterwards, in a thread.

The acknowledgement happens in the thread that took the request, so that it never waits for a worker of ours or for
Slack; what the person gets to read follows through the response URL, the card through the poster.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.slack import actions, commands
from bot.slack import text as t
from bot.slack.cards import Message
from bot.slack.client import SLACK_FAULTS, TIMEOUT, reason_of
from bot.slack.desk import Desk, Postman, Runtime, said
from bot.slack.people import People
from incidents.errors import MidwatchError

log = logging.getLogger(__name__)
AT_WORK = 16
"""Clicks and commands that are worked on at the same time; while Slack does not answer, each holds a thread."""

Payload = dict[str, Any]
Work = Callable[[], Message | None]


def build_app(runtime: Runtime, client: WebClient, postman: Postman, people: People | None = None) -> App:
    """A Bolt app that handles what Midwatch offers in Slack. It must stand behind `verify.slack_door`.

    Makes no call to Slack by itself, so that it can be built while Slack is down.
    """
    desk = Desk(runtime, people or People(client), postman)
    app = App(
        name="midwatch",
        client=_nameless(client),
        authorize=lambda **_: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=client.token),
        listener_executor=ThreadPoolExecutor(AT_WORK, thread_name_prefix="slack"),
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
    )
    for command in commands.COMMANDS:
        app.command(f"/{command}")(ack=_taken, lazy=[_typed(desk, command)])
    for action_id, act in actions.ACTS.items():
        app.action(action_id)(ack=_taken, lazy=[_clicked(desk, act)])
    return app


def _nameless(client: WebClient) -> WebClient:
    """The same client without its token, which Bolt would otherwise want to try out at once."""
    return WebClient(base_url=client.base_url, timeout=TIMEOUT, retry_handlers=[])


def _taken(ack: Ack) -> None:
    ack()


def _typed(desk: Desk, command: str) -> Callable[..., None]:
    def handle_command(body: Payload, respond: Respond) -> None:
        order = commands.read(
            command, str(body.get("text") or ""), str(body.get("user_id")), str(body.get("channel_id") or "")
        )
        _answer(respond, f"/{command} {t.clip(order.verb, 40)}", lambda: commands.carry_out(order, desk))

    return handle_command


def _clicked(desk: Desk, act: actions.Act) -> Callable[..., None]:
    def handle_click(body: Payload, action: Payload, respond: Respond) -> None:
        def work() -> Message | None:
            click = actions.clicked(str(action.get("value") or ""), str(body["user"]["id"]))
            desk.people.admit(click.user)
            return act(click, desk)

        _answer(respond, str(action.get("action_id")), work)

    return handle_click


def _sentence(text: str) -> str:
    """A refusal as a sentence: the same texts stand behind a colon on the command line."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) or "\n" in text else ".")


def _answer(respond: Respond, what: str, work: Work) -> None:
    """Do the work and tell the person privately what came of it, whatever came of it."""
    try:
        answer = work()
    except MidwatchError as refusal:
        answer = said(_sentence(str(refusal)))
    except Exception:  # broad at the outer edge: whatever went wrong, the person gets an answer
        log.exception("%s failed", what)
        answer = said("That went wrong on my side; the log says why. `midwatch incident --help` does the same acts.")
    if answer is None:
        return
    try:
        sent = respond(answer.text, blocks=list(answer.blocks), response_type="ephemeral", replace_original=False)
    except SLACK_FAULTS as fault:
        log.warning("the answer to %s did not reach Slack: %s", what, reason_of(fault))
        return
    if sent.status_code != 200:
        log.warning("the answer to %s was refused by Slack: %s", what, sent.status_code)
