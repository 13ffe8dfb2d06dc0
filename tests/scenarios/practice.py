"""The practice workspace from outside its process: what people see and click on its page, over HTTP."""

from __future__ import annotations

from collections import Counter
from typing import Any

import httpx

from tests.conftest import wait_until
from tests.scenarios.world import buttons

INCIDENTS = "C0INCIDENTS"
ALICE = "U0ALICE"


class Practice:
    """The page at `url` in a client that has its cookie. It outlives restarts of the workspace behind it."""

    def __init__(self, url: str, token: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"origin": url}, timeout=10, follow_redirects=True)
        assert self._client.get("/", params={"token": token}).status_code == 200

    def close(self) -> None:
        self._client.close()

    def messages(self) -> list[dict[str, Any]]:
        """What the bot wrote in the channel and its threads, oldest first."""
        answer = self._client.get("/page/messages", params={"channel": INCIDENTS, "as": ALICE})
        return [message for message in answer.json()["messages"] if message.get("bot_id")]

    def cards(self) -> list[dict[str, Any]]:
        """The bot's messages that stand in the channel itself."""
        return [m for m in self.messages() if m.get("thread_ts") in (None, m["ts"])]

    def said_twice(self) -> list[str]:
        """Messages that are there more than once, by what the bot calls them."""
        payloads = [message["metadata"]["event_payload"] for message in self.messages() if message.get("metadata")]
        counts = Counter(f"{payload['incident']}:{payload['key']}" for payload in payloads)
        return [name for name, count in counts.items() if count > 1]

    def offers(self, action: str) -> bool:
        """Whether the newest card has such a button."""
        cards = self.cards()
        return bool(cards) and action in buttons(cards[-1])

    def press(self, action: str, ts: str) -> None:
        """Press a button of the message, once it has one."""
        wait_until(lambda: self.offers(action), f"the card had no button {action}", 40)
        answer = self._client.post(
            "/page/act",
            params={"as": ALICE},
            json={"act": "click", "channel_id": INCIDENTS, "ts": ts, "action_id": action},
        )
        assert answer.json() == {"ok": True}, answer.text

    def violations(self) -> Any:
        """What the bot did since the workspace started that Slack would not take."""
        return self._client.get("/_practice/violations").json()
