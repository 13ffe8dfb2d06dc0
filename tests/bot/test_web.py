"""The pages: who may see them, and that nothing of what others wrote becomes markup."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import text

from bot.account import account_of
from bot.runtime import Runtime
from bot.server import create_app
from bot.serving import Server
from bot.web import render
from bot.web.words import span, state_of
from incidents.settings import load_settings
from tests.bot.story import HOSTILE, told

PAGES = ["/incidents", "/incidents/1", "/incidents/1/postmortem", "/incidents/1/postmortem.md"]


@pytest.fixture
def incident(runtime: Runtime, now: datetime) -> int:
    """INC-1, whose fix waits for an approval."""
    return told(runtime, now)


@pytest.fixture
def visitor(client: httpx.Client, runtime: Runtime, incident: int) -> httpx.Client:
    """Somebody who came by the link of INC-1."""
    assert client.get(runtime.link_to(incident), follow_redirects=True).status_code == 200
    return client


@pytest.mark.parametrize("path", [*PAGES, "/incidents/2", "/incidents/0", "/incidents/x", f"/incidents/{10**30}"])
def test_without_a_key_no_page_is_there(client: httpx.Client, incident: int, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "Nothing to see here" in response.text
    assert "LMSApiDown" not in response.text


def test_what_is_not_there_looks_like_what_one_may_not_see(client: httpx.Client, incident: int) -> None:
    bodies = {
        re.sub(r"Page of.*", "", client.get(path).text) for path in ("/incidents/1", "/incidents/2", "/incidents")
    }
    assert len(bodies) == 1


@pytest.mark.parametrize("key", ["", "x", "0" * 40, "é"])
def test_a_wrong_key_opens_nothing(client: httpx.Client, incident: int, key: str) -> None:
    assert client.get("/incidents/1", params={"key": key}).status_code == 404
    client.cookies.set("midwatch_1", key.encode("ascii", "replace").decode())
    assert client.get("/incidents/1").status_code == 404


def test_the_key_of_one_incident_opens_no_other(visitor: httpx.Client, runtime: Runtime, now: datetime) -> None:
    told(runtime, now, title="Another")
    assert visitor.get("/incidents/1").status_code == 200
    assert visitor.get("/incidents/2").status_code == 404
    assert visitor.get("/incidents/2", params={"key": runtime.page_key(1)}).status_code == 404
    assert visitor.get("/incidents").status_code == 404
    assert visitor.get("/incidents/11").status_code == 404


def test_the_webhook_token_opens_no_page(client: httpx.Client, runtime: Runtime, incident: int) -> None:
    client.headers["authorization"] = f"Bearer {runtime.webhook_token}"
    assert client.get("/incidents/1").status_code == 404


def test_the_first_visit_leaves_the_key_in_a_cookie_and_not_in_the_address(
    client: httpx.Client, runtime: Runtime, incident: int
) -> None:
    response = client.get(runtime.link_to(incident, "postmortem"))
    assert response.status_code == 303
    assert response.headers["location"] == "/incidents/1/postmortem"
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/incidents/1;" in cookie


def test_what_else_stood_in_the_address_survives_the_first_visit(client: httpx.Client, runtime: Runtime) -> None:
    response = client.get("/incidents", params={"key": runtime.page_key(None), "show": "all"})
    assert response.headers["location"] == "/incidents?show=all"


def test_the_first_visit_sends_nobody_elsewhere(client: httpx.Client, runtime: Runtime, incident: int) -> None:
    response = client.get(runtime.link_to(incident), headers={"host": "evil.example"})
    assert urlsplit(response.headers["location"]).netloc == ""


def test_behind_a_proxy_the_cookie_is_for_its_path_and_for_encrypted_connections(runtime: Runtime) -> None:
    settings = runtime.settings.model_copy(update={"public_url": "https://ops.example/midwatch"})
    listening = Server("127.0.0.1", 0)
    with Runtime(settings) as behind_proxy:
        listening.start(create_app(behind_proxy))
        link = behind_proxy.link_to(1)
        response = httpx.get(f"{listening.url}/incidents/1?{urlsplit(link).query}")
        listening.stop()
    assert link.startswith("https://ops.example/midwatch/incidents/1?key=")
    assert response.headers["location"] == "/midwatch/incidents/1"
    assert "secure" in response.headers["set-cookie"].lower()
    assert "path=/midwatch/incidents/1" in response.headers["set-cookie"].lower()


def test_keys_differ_between_installations(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Runtime(load_settings(home=tmp_path_factory.mktemp("other"), _env_file=None)) as other:
        assert other.page_key(1) != runtime.page_key(1)
        assert len({other.page_key(None), other.page_key(1), other.page_key(2)}) == 3


@pytest.mark.parametrize("path", PAGES)
def test_the_api_token_opens_every_page(client: httpx.Client, runtime: Runtime, incident: int, path: str) -> None:
    client.headers["authorization"] = f"Bearer {runtime.api_token}"
    response = client.get(path)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"


def test_the_timeline_page_shows_what_happened_and_what_is_asked(visitor: httpx.Client) -> None:
    page = visitor.get("/incidents/1").text
    for words in ("INC-1", "LMSApiDown", "api is down: the container ran out of memory", "Waits for approval",
                 "midwatch run approve 1", "3.1.1 API Unavailability", "could not run", "connection refused",
                 "acknowledged by U0ALICE", "unbroken chain", "lms-1.example:8000"):  # fmt: skip
        assert words in page


def test_the_postmortem_is_there_as_a_page_and_as_markdown(visitor: httpx.Client) -> None:
    assert "<h1>Post-mortem" in visitor.get("/incidents/1/postmortem").text
    markdown = visitor.get("/incidents/1/postmortem.md")
    assert markdown.headers["content-type"].startswith("text/markdown")
    assert markdown.text.startswith("# Post-mortem")


def test_the_list_leads_to_the_incidents_with_one_key(client: httpx.Client, runtime: Runtime, now: datetime) -> None:
    told(runtime, now, title="First")
    told(runtime, now, title="Second", resolved=True)
    page = client.get(runtime.link_to(None), follow_redirects=True).text
    assert "First" in page
    assert "Second" not in page
    assert "Second" in client.get("/incidents?show=all").text
    assert client.get("/incidents/2").status_code == 200


def test_an_empty_list_says_that_all_is_quiet(client: httpx.Client, runtime: Runtime) -> None:
    assert "All quiet" in client.get(runtime.link_to(None), follow_redirects=True).text


@pytest.mark.parametrize("path", ["/incidents/1", "/incidents/1/postmortem", "/incidents"])
def test_hostile_text_stays_text(client: httpx.Client, runtime: Runtime, now: datetime, path: str) -> None:
    told(runtime, now, title=HOSTILE, resolved=True)
    client.headers["authorization"] = f"Bearer {runtime.api_token}"
    page = client.get(path, params={"show": "all"}).text
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript:' not in page


def test_markdown_of_others_brings_no_markup_of_its_own() -> None:
    html = render.html_of(
        '<b onclick="x()">hi</b> ![x](http://evil.example/x.png) [go](javascript:x) [ok](https://x.example)'
    )
    assert "<b " not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert '<a rel="noreferrer noopener" href="https://x.example">' in html


@pytest.mark.parametrize("path", ["/incidents/1", "/incidents/1/postmortem", "/incidents", "/incidents/77"])
def test_no_page_has_anything_inline(client: httpx.Client, runtime: Runtime, incident: int, path: str) -> None:
    client.headers["authorization"] = f"Bearer {runtime.api_token}"
    page = client.get(path).text
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//(?!runbooks\.example|prometheus\.example)', page)


def test_every_file_that_a_page_refers_to_is_there(visitor: httpx.Client) -> None:
    page = visitor.get("/incidents/1").text
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        response = visitor.get(address)
        assert response.status_code == 200
        assert "immutable" in response.headers["cache-control"]
        assert parse_qs(urlsplit(address).query)["v"]


@pytest.mark.parametrize("name", ["nosuch.css", "..%2fpages.py", "%2e%2e/pages.py", "__init__.py"])
def test_no_other_file_is_given_out(client: httpx.Client, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_a_history_that_was_changed_is_shown_as_broken(visitor: httpx.Client, runtime: Runtime, incident: int) -> None:
    change = text("UPDATE timeline_event SET text = 'nothing happened' WHERE seq = 2")
    runtime.store.write(lambda session: session.execute(change) and None)
    page = visitor.get("/incidents/1").text
    assert "the chain is broken" in page
    assert "event 2 was changed" in page


def test_a_check_that_could_not_run_is_never_shown_as_passed(runtime: Runtime, incident: int) -> None:
    with runtime.store.read() as session:
        steps = account_of(session, incident)["runs"][0]["steps"]
    words = {step["title"]: state_of(step) for step in steps}
    assert words["Look at the queue"] == ("could not run", "warn")
    assert words["Container status"] == ("passed, with a warning", "warn")
    assert words["Check API health"] == ("failed", "bad")


def test_durations_are_said_as_people_say_them() -> None:
    said = [span(timedelta(seconds=s)) for s in (0.412, 42, 425, 7800, 273600, -5)]
    assert said == ["0.4 s", "42 s", "7 min 05 s", "2 h 10 min", "3 d 4 h", "0.0 s"]
