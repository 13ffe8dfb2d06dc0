"""The Web API client, made in one place: with a time limit, and without retries of its own.

The library's default sends a request again after a connection error. Where only the answer was lost, the message
would then be there twice; the poster looks first instead.
"""

from __future__ import annotations

from http.client import HTTPException
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

TIMEOUT = 10
"""Seconds until a call counts as lost."""

SLACK_FAULTS = (SlackClientError, URLError, HTTPException, OSError, ValueError)
"""What a call raises when Slack refuses, is not there, or answers with something unreadable."""


def slack_client(token: str, api_url: str | None) -> WebClient:
    """A client for Slack, or for the Slack-compatible server at `api_url` (which ends in /api/)."""
    if api_url is None:
        return WebClient(token=token, timeout=TIMEOUT, retry_handlers=[])
    return WebClient(token=token, base_url=api_url, timeout=TIMEOUT, retry_handlers=[])


def reason_of(fault: Exception) -> str:
    """A failed call in one word or line, without anything of the request."""
    if isinstance(fault, SlackApiError):
        return str(fault.response.get("error") or "refused")[:200]
    return str(getattr(fault, "reason", None) or type(fault).__name__)[:200]
