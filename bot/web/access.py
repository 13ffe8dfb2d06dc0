"""Who may see a page: whoever came by a link with its key, or has the API token. For all others it is not there.

A link from Slack carries the key once. It becomes a cookie for the paths of that one incident, and the browser is sent
on to the address without it, so that the key stands in no history, bookmark or log. The key of the list opens all.
"""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.runtime import Runtime
from bot.webhooks import bearer_is

REMEMBERED = 30 * 24 * 3600
"""Seconds for which a browser keeps a key."""

EVERY_INCIDENT = "midwatch_all"


def admission(request: Request, runtime: Runtime, incident_id: int | None) -> Response | bool:
    """True: show the page. False: it is not there. A response: send the browser on, with the key as a cookie."""
    if bearer_is(request, runtime.api_token):
        return True
    keys = {EVERY_INCIDENT: (runtime.page_key(None), "/incidents")}
    if incident_id is not None:
        keys[f"midwatch_{incident_id}"] = (runtime.page_key(incident_id), f"/incidents/{incident_id}")
    given = request.query_params.get("key")
    for cookie, (key, path) in keys.items():
        if given is not None and _same(given, key):
            return _sent_on(request, runtime, cookie, key, path)
        if _same(request.cookies.get(cookie, ""), key):
            return True
    return False


def _sent_on(request: Request, runtime: Runtime, cookie: str, key: str, path: str) -> Response:
    others = [(name, value) for name, value in request.query_params.multi_items() if name != "key"]
    clean = request.url.replace(query="").include_query_params(**dict(others)) if others else request.url.path
    target = clean if isinstance(clean, str) else f"{clean.path}?{clean.query}"
    answer = RedirectResponse(runtime.root + target, status_code=303)
    answer.set_cookie(
        cookie,
        key,
        max_age=REMEMBERED,
        path=runtime.root + path,
        httponly=True,
        samesite="lax",
        secure=runtime.public_url.startswith("https://"),
    )
    return answer


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode(), key.encode())
