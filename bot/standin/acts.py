"""What a person does in the workspace: talks, types commands, clicks, fills in modals.

The page and the tests use the same acts. Each one that concerns the app is delivered to it, signed, and answers with
what the app said in its three seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.standin.blocks import faults_of_message
from bot.standin.deliver import Ack
from bot.standin.errors import Refused
from bot.standin.inputs import Given, action_of, block_of, element_in, state_of, unfit
from bot.standin.mentions import as_sent, escape
from bot.standin.roster import APP_ID, BOT, EVERYBODY, SLACKBOT, TEAM_DOMAIN, TEAM_ID
from bot.standin.store import Json
from bot.standin.views import checked
from bot.standin.workspace import Workspace, of_bot

LONGEST_MESSAGE = 12_000


@dataclass(frozen=True, slots=True)
class Actor:
    """One person in the workspace."""

    workspace: Workspace
    user: str

    # Talking

    def say(self, channel_id: str, text: str, thread_ts: str | None = None) -> Json:
        """Write a message. A line that begins with a slash is a command."""
        if text.startswith("/") and len(text) > 1 and not text.startswith("//"):
            return self.command(channel_id, text, thread_ts)
        channel = self._place(channel_id)
        if not text.strip() or len(text) > LONGEST_MESSAGE:
            raise Refused("no_text" if not text.strip() else "msg_too_long")
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        sent = self.workspace.post(channel["id"], {"user": self.user, "text": self._sent(text), **thread})
        self.workspace.store.mark_read(self.user, channel["id"], sent["ts"])
        return {"ts": sent["ts"]}

    def edit(self, channel_id: str, ts: str, text: str) -> Json:
        """Change one's own message."""
        message = self._own(channel_id, ts)
        edited = {"user": self.user, "ts": self.workspace.store.next_ts()}
        self.workspace.change(channel_id, {**message, "text": self._sent(text), "edited": edited})
        return {}

    def delete(self, channel_id: str, ts: str) -> Json:
        """Take one's own message back."""
        self._own(channel_id, ts)
        self.workspace.delete(channel_id, ts)
        return {}

    def dismiss(self, channel_id: str, ts: str) -> Json:
        """Put an ephemeral message away."""
        self._ephemeral(channel_id, ts)
        self.workspace.delete(channel_id, ts, only_for=self.user)
        return {}

    def react(self, channel_id: str, ts: str, name: str, add: bool = True) -> Json:
        """Add or remove an emoji."""
        self._message(channel_id, ts)
        self.workspace.react(channel_id, ts, name, self.user, add)
        return {}

    def pin(self, channel_id: str, ts: str, add: bool = True) -> Json:
        """Pin or unpin a message."""
        self._message(channel_id, ts)
        self.workspace.pin(channel_id, ts, self.user, add)
        return {}

    def join(self, channel_id: str) -> Json:
        """Enter a public channel."""
        channel = self._visible(channel_id)
        self.workspace.join(channel, self.user)
        return {}

    def invite_bot(self, channel_id: str) -> Json:
        """Bring the bot in."""
        self.workspace.join(self._place(channel_id), BOT.id, self.user)
        return {}

    def read(self, channel_id: str, ts: str) -> Json:
        """Have read up to `ts`."""
        self.workspace.store.mark_read(self.user, channel_id, ts)
        return {}

    # The app's commands and shortcuts

    def command(self, channel_id: str, line: str, thread_ts: str | None = None) -> Json:
        """Type a slash command."""
        channel = self._place(channel_id)
        name, _, text = line.strip().partition(" ")
        known = self.workspace.installation.commands
        command = self.workspace.installation.command(name)
        if thread_ts:
            return self._slackbot(channel, f"{name} is not supported in threads. Sorry!", thread_ts)
        if known and command is None:
            return self._slackbot(
                channel, f"{name} is not a valid command. In Slack, all messages that start with “/” are commands."
            )
        if command and command.should_escape:
            text = self._sent(text)
        fields = self._command_fields(channel, name, text.strip())
        return self._answered(channel, line, self.workspace.postman.send_form(f"command {name}", fields))

    def shortcut(self, callback_id: str, channel_id: str | None = None, ts: str | None = None) -> Json:
        """Choose a shortcut: a global one, or one from a message's menu."""
        payload: Json = {"type": "shortcut", "callback_id": callback_id, **self._who(), "action_ts": self._now()}
        if channel_id and ts:
            channel = self._place(channel_id)
            message = self._message(channel_id, ts)
            payload |= {
                "type": "message_action",
                "message_ts": ts,
                "message": message,
                "channel": _short(channel),
                "response_url": self._reply_url(channel["id"], None, message.get("thread_ts")),
            }
        return self._outcome(self.workspace.postman.send_payload(payload))

    def open_home(self) -> Json:
        """Look at the app's Home tab."""
        channel = self.workspace.direct_channel(self.user)
        home = self.workspace.store.home(self.user)
        event = {"type": "app_home_opened", "user": self.user, "channel": channel["id"], "tab": "home"}
        self.workspace.emit({**event, **({"view": home} if home else {})})
        return {"view": home}

    # Blocks

    def click(
        self,
        channel_id: str,
        ts: str,
        action_id: str,
        block_id: str | None = None,
        value: Any = None,
        state: Given | None = None,
    ) -> Json:
        """Use a button, select or other element of a message."""
        channel = self._visible(channel_id)
        message, ephemeral = self._message_or_ephemeral(channel_id, ts)
        blocks = message.get("blocks", [])
        block_id = block_id or block_of(blocks, action_id)
        element = element_in(blocks, block_id, action_id)
        thread = message.get("thread_ts")
        payload: Json = {
            "type": "block_actions",
            **self._who(),
            "container": {
                "type": "message",
                "message_ts": ts,
                "channel_id": channel_id,
                "is_ephemeral": ephemeral,
                **({"thread_ts": thread} if thread else {}),
            },
            "channel": _short(channel),
            "state": state_of(blocks, state or {}),
            "response_url": self._reply_url(channel_id, ts, thread, ephemeral),
            "actions": [action_of(element, block_id, value, self.workspace.clock())],
        }
        if not ephemeral:
            payload["message"] = message
        return self._outcome(self.workspace.postman.send_payload(payload))

    def click_view(
        self, view_id: str, block_id: str, action_id: str, value: Any = None, state: Given | None = None
    ) -> Json:
        """Use an element of an open modal or of the Home tab."""
        view = self._view(view_id)
        element = element_in(view["blocks"], block_id, action_id)
        payload = {
            "type": "block_actions",
            **self._who(),
            "container": {"type": "view", "view_id": view_id},
            "view": {**view, "state": state_of(view["blocks"], state or {})},
            "actions": [action_of(element, block_id, value, self.workspace.clock())],
        }
        return self._outcome(self.workspace.postman.send_payload(payload))

    def suggest(
        self, view_id: str | None, channel_id: str | None, ts: str | None, block_id: str, action_id: str, query: str
    ) -> Json:
        """Ask the app for the options of an external select."""
        payload = {
            "type": "block_suggestion",
            **self._who(),
            "block_id": block_id,
            "action_id": action_id,
            "value": query,
        }
        if view_id:
            payload |= {"view": self._view(view_id), "container": {"type": "view", "view_id": view_id}}
        elif channel_id and ts:
            payload |= {
                "channel": _short(self._visible(channel_id)),
                "container": {"type": "message", "message_ts": ts, "channel_id": channel_id},
            }
        ack = self.workspace.postman.send_payload(payload)
        return {**self._outcome(ack), **(ack.json() or {})}

    def submit(self, view_id: str, state: Given) -> Json:
        """Submit a modal. `errors` in the answer are by block_id; `error` means that the app did not answer well."""
        view = self._view(view_id)
        filled = {**view, "state": state_of(view["blocks"], state)}
        complaints = unfit(view["blocks"], filled["state"])
        if complaints:
            return {"errors": complaints}
        payload = {"type": "view_submission", **self._who(), "view": filled, "response_urls": []}
        ack = self.workspace.postman.send_payload(payload)
        outcome = self._outcome(ack)
        return outcome if "error" in outcome else self._after_submit(view, ack)

    def close_view(self, view_id: str | None = None) -> Json:
        """Close a modal (and what lies above it), or all."""
        closed = self.workspace.views.close(self.user, view_id)
        self.workspace.show_views(self.user)
        for view in closed:
            if view["notify_on_close"]:
                payload = {"type": "view_closed", **self._who(), "view": view, "is_cleared": view_id is None}
                self.workspace.postman.send_payload({k: v for k, v in payload.items() if k != "trigger_id"})
        return {}

    # What happens with an answer

    def _answered(self, channel: Json, line: str, ack: Ack) -> Json:
        outcome = self._outcome(ack)
        name = line.split()[0]
        if "error" in outcome:
            self._slackbot(channel, f"{name} failed with the error “{outcome['error']}”")
            return outcome
        given = ack.json()
        if given is None and ack.body.strip() and "json" not in ack.content_type:
            given = {"text": ack.body.decode("utf-8", "replace")}
        if not given:
            return {}
        faults = faults_of_message(given["blocks"]) if "blocks" in given else []
        if faults:
            self.workspace.violations.add("invalid_blocks", f"command {name}", "; ".join(faults))
            self._slackbot(channel, f"{name} failed with the error “invalid_blocks”")
            return {"error": "invalid_blocks"}
        message = of_bot(**{k: given[k] for k in ("text", "blocks", "attachments") if given.get(k)})
        if given.get("response_type") == "in_channel":
            self.workspace.post(channel["id"], {"user": self.user, "text": escape(line)})
            self.workspace.post(channel["id"], message)
        elif message.get("text") or message.get("blocks"):
            self.workspace.post(channel["id"], message, only_for=self.user)
        return {}

    def _after_submit(self, view: Json, ack: Ack) -> Json:
        given = ack.json() or {}
        action = given.get("response_action")
        views = self.workspace.views
        try:
            if action == "errors":
                return {"errors": given.get("errors", {})}
            if action == "clear":
                views.close(self.user)
            elif action == "update":
                views.update(checked(given.get("view")), view_id=view["id"])
            elif action == "push":
                views.push(self.user, checked(given.get("view")))
            else:
                views.close(self.user, view["id"])
        except Refused as refusal:
            self.workspace.violations.add("bad_ack", "view_submission", str(refusal.as_json()))
            return {"error": refusal.code}
        self.workspace.show_views(self.user)
        return {}

    def _outcome(self, ack: Ack) -> Json:
        return {"error": ack.error} if ack.error else {}

    def _slackbot(self, channel: Json, text: str, thread_ts: str | None = None) -> Json:
        thread = {"thread_ts": thread_ts} if thread_ts else {}
        message = {"user": SLACKBOT.id, "text": escape(text), **thread}
        self.workspace.post(channel["id"], message, only_for=self.user)
        return {}

    # What payloads have in common

    def _who(self) -> Json:
        person = EVERYBODY[self.user]
        return {
            "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": TEAM_ID},
            "api_app_id": APP_ID,
            "token": "practice",
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self.workspace.keys.trigger(self.user),
        }

    def _command_fields(self, channel: Json, name: str, text: str) -> dict[str, str]:
        return {
            "token": "practice",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel["id"],
            "channel_name": channel.get("name") or "directmessage",
            "user_id": self.user,
            "user_name": EVERYBODY[self.user].name,
            "command": name,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._reply_url(channel["id"], None, None),
            "trigger_id": self.workspace.keys.trigger(self.user),
        }

    def _reply_url(self, channel: str, ts: str | None, thread: str | None, ephemeral: bool = True) -> str:
        key = self.workspace.keys.reply(channel, self.user, ts, thread, ephemeral)
        return f"{self.workspace.base_url}/respond/{TEAM_ID}/{key}"

    def _now(self) -> str:
        return f"{self.workspace.clock():.6f}"

    def _sent(self, text: str) -> str:
        def channel_id(name: str) -> str | None:
            found = self.workspace.store.channel_named(name)
            return found["id"] if found else None

        return as_sent(text, channel_id)

    # What the person may reach

    def _visible(self, channel_id: str) -> Json:
        channel = self.workspace.store.channel(channel_id)
        if channel is None or not self.workspace.may_see(self.user, channel):
            raise Refused("channel_not_found")
        return channel

    def _place(self, channel_id: str) -> Json:
        channel = self._visible(channel_id)
        if channel["is_archived"]:
            raise Refused("is_archived")
        if not self.workspace.store.is_member(channel_id, self.user):
            raise Refused("not_in_channel")
        return channel

    def _message(self, channel_id: str, ts: str) -> Json:
        self._visible(channel_id)
        message = self.workspace.store.message(channel_id, ts)
        if message is None:
            raise Refused("message_not_found")
        return message

    def _own(self, channel_id: str, ts: str) -> Json:
        message = self._message(channel_id, ts)
        if message.get("user") != self.user or message.get("subtype"):
            raise Refused("cant_update_message")
        return message

    def _ephemeral(self, channel_id: str, ts: str) -> Json:
        found = self.workspace.store.ephemeral(channel_id, ts)
        if found is None or found[1] != self.user:
            raise Refused("message_not_found")
        return found[0]

    def _message_or_ephemeral(self, channel_id: str, ts: str) -> tuple[Json, bool]:
        message = self.workspace.store.message(channel_id, ts)
        return (message, False) if message else (self._ephemeral(channel_id, ts), True)

    def _view(self, view_id: str) -> Json:
        view = self.workspace.views.find(self.user, view_id)
        home = self.workspace.store.home(self.user)
        if view is None and home and home["id"] == view_id:
            view = home
        if view is None:
            raise Refused("not_found")
        return view


def _short(channel: Json) -> Json:
    return {"id": channel["id"], "name": channel.get("name") or "directmessage"}
