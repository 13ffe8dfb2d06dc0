"""The JSON of `explain`, `compile` and `match`, whose shapes other programs rely on."""

from __future__ import annotations

import json
from textwrap import dedent

from incidents.inventory import Inventory
from runbooks.export import compiled, explained, matched
from runbooks.match import alert_of, match
from runbooks.parse import parse

SHOP = parse(
    "shop.md",
    dedent("""
        # Shop

        ## Emergency Procedures

        ### API Down (P1)
        **Symptoms**: no answer
        ```bash
        # Look
        docker compose logs -f api
        1. Check status: docker compose ps
        ```
        1. Tell the team
        2. Restart: `docker compose restart api`
        """).lstrip("\n"),
)


def test_explain_lists_every_command_with_the_keys_that_are_promised() -> None:
    told = json.loads(json.dumps(explained([SHOP])))
    (document,) = told["documents"]
    assert set(document) == {"path", "title", "commands"}
    first = document["commands"][0]
    assert list(first) == [
        "line",
        "text",
        "title",
        "section",
        "risk",
        "reason",
        "runs_as",
        "bounded",
        "bounded_risk",
        "placeholders",
        "leaks_secret",
    ]
    assert (first["line"], first["text"], first["risk"], first["bounded_risk"]) == (
        9,
        "docker compose logs -f api",
        "interactive",
        "read_only",
    )
    assert first["section"] == ["Shop", "Emergency Procedures", "API Down (P1)"]
    assert [command["text"] for command in document["commands"]][-1] == "docker compose restart api"


def test_a_prose_line_is_no_command_and_tells_the_one_it_carries() -> None:
    prose = parse("x.md", "# X\n```bash\n1. Check status: docker compose ps\n```\n")
    (command,) = explained([prose])["documents"][0]["commands"]
    assert command["risk"] == "not_a_command"
    assert set(command["embedded"]) == {"text", "risk", "runs_as", "bounded", "bounded_risk"}
    assert (command["embedded"]["text"], command["embedded"]["risk"]) == ("docker compose ps", "read_only")


def test_compile_lists_procedures_steps_and_facts_with_the_keys_that_are_promised() -> None:
    (document,) = json.loads(json.dumps(compiled([SHOP])))["documents"]
    assert {
        "path",
        "title",
        "system",
        "procedures",
        "services",
        "thresholds",
        "severities",
        "escalation",
        "schedules",
        "checklists",
    } <= set(document)
    (procedure,) = document["procedures"]
    assert {"id", "title", "heading", "line", "type", "auto", "severity", "symptoms", "steps"} <= set(procedure)
    assert (procedure["type"], procedure["auto"], procedure["severity"]) == ("emergency", True, "P1")
    assert procedure["heading"] == ["Shop", "Emergency Procedures", "API Down (P1)"]
    step = procedure["steps"][0]
    assert {"line", "phase", "title", "text", "risk", "runs_as", "bounded"} <= set(step)
    assert [step["text"] for step in procedure["steps"]][-2:] == [None, "docker compose restart api"]


def test_match_tells_the_alert_as_it_came_and_the_ranked_procedures() -> None:
    class Documents:
        documents = (SHOP,)

    flat = {"alertname": "ApiDown", "summary": "the api does not answer", "system": "shop", "extra": "kept"}
    told = json.loads(json.dumps(matched(flat, match(alert_of(flat), Documents(), Inventory()))))
    assert told["alert"] == flat
    (one,) = told["matches"]
    assert set(one) == {"document", "procedure", "heading", "score", "why"}
    assert (one["document"], one["procedure"]) == ("shop.md", SHOP.procedures[0].id)
    assert matched({"alertname": "x"}, []) == {"alert": {"alertname": "x"}, "matches": []}
