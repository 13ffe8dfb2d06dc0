"""Reading documents: what is a procedure, what are its steps, and that nothing a file holds can stop the reader."""

from __future__ import annotations

import sys
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import Misconfigured
from runbooks.document import Document, Phase, Procedure, ProcedureType, Risk
from runbooks.parse import parse, read
from tests.runbooks.users import document, documents, needs_users_runbooks, procedure


def reading(text: str, path: str = "shop.md") -> Document:
    return parse(path, dedent(text).lstrip("\n"))


def only_procedure(text: str) -> Procedure:
    (found,) = reading(text).procedures
    return found


def told(found: Procedure) -> list[tuple[str, str, str | None]]:
    return [(step.phase.value, step.title, step.text) for step in found.steps]


# -- the users' five documents

USERS_PROCEDURES = """
aada-lms 144 recovery
aada-lms 216 general
aada-lms 266 incident
aada-lms 296 incident
aada-lms 328 incident
aada-lms 359 incident
aada-lms 388 incident
aada-lms 420 incident
aada-lms 501 recovery
course-creator 984 incident
course-creator 1028 incident
course-creator 1068 incident
course-creator 1106 incident
course-creator 1143 incident
course-creator 1181 incident
course-creator 1256 incident
course-creator 1291 incident
course-creator 1480 recovery
course-creator 1492 recovery
litcoach 191 incident
litcoach 203 incident
litcoach 216 incident
litcoach 228 incident
litcoach 242 incident
litcoach 254 incident
litcoach 268 recovery
litcoach 280 recovery
litcoach 289 recovery
litcoach 331 recovery
litcoach 347 recovery
litcoach 427 emergency
litcoach 437 emergency
litcoach 447 emergency
lms-backend 78 incident
lms-backend 95 incident
lms-backend 106 incident
lms-backend 116 incident
lms-backend 246 recovery
lms-backend 261 recovery
neurocore 384 recovery
neurocore 504 incident
neurocore 517 incident
neurocore 530 incident
neurocore 542 incident
neurocore 604 emergency
neurocore 622 emergency
""".split()  # noqa: SIM905  one line a procedure reads best as text


@needs_users_runbooks
def test_the_users_documents_hold_exactly_their_46_procedures() -> None:
    found = [
        word for one in documents() for entry in one.procedures for word in (one.system, str(entry.line), entry.type)
    ]
    assert found == USERS_PROCEDURES


@needs_users_runbooks
def test_numbered_prose_with_inline_code_becomes_checks_a_fix_and_steps_for_a_person() -> None:
    outage = procedure("lms-backend", "API Unavailability")
    assert outage.heading == (
        "Operational Runbooks",
        "3. Incident Response Runbooks",
        "3.1 Critical Incidents (P1)",
        "API Unavailability",
    )
    assert (outage.type, outage.auto, outage.severity) == (ProcedureType.INCIDENT, True, "P1")
    assert len(outage.symptoms) == 3
    assert [(step.phase.value, step.text) for step in outage.steps] == [
        ("manual", None),
        ("diagnosis", "docker logs api"),
        ("diagnosis", 'docker compose exec db psql -U lms -d lms -c "SELECT 1;"'),
        ("diagnosis", "docker compose exec redis redis-cli ping"),
        ("solution", "docker compose restart api"),
        ("manual", None),
        ("manual", None),
    ]
    assert outage.steps[5].condition == "If issue persists"


@needs_users_runbooks
def test_titled_alternatives_carry_their_title_at_the_end_of_the_heading() -> None:
    restoration = procedure("course-creator", "Recovery Procedures", "Database Restoration")
    assert (restoration.line, restoration.auto) == (1480, False)
    assert procedure("litcoach", "Recovery Procedures", "Database-Only Recovery").line == 347


@needs_users_runbooks
def test_every_step_of_the_users_documents_points_at_its_own_line() -> None:
    for one in documents():
        with open(one.path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        for step in (step for entry in one.procedures for step in entry.steps if step.text):
            assert step.text is not None
            assert step.text.split("\n")[0].split(" \\")[0][:20] in lines[step.line - 1], (one.system, step)


# -- bad input: a warning with its line, and the rest is read

GOOD = "# Shop\n\n## Troubleshooting\n\n### Disk Full\n```bash\ndf -h\n```\n"


def warnings(text: str) -> list[tuple[int, str]]:
    return [(warning.line, warning.text) for warning in parse("shop.md", text).warnings]


def test_a_nul_or_a_character_that_reorders_text_is_shown_and_never_dropped() -> None:
    one = parse("shop.md", GOOD.replace("df -h", "df\u202e -h\x00"))
    assert [(warning.line, "hidden character" in warning.text) for warning in one.warnings] == [(7, True)]
    (step,) = one.procedures[0].steps
    assert step.text is not None
    assert "\ufffd" in step.text
    assert not step.judgement.runs_unasked


def test_mojibake_is_named_with_what_was_meant() -> None:
    assert warnings(GOOD + "\nsize 20 â†’ 30\n") == [
        (10, "looks like UTF-8 that was read as Windows-1252 ('â†’' for '→')")
    ]


def test_a_fence_left_open_ends_before_the_next_heading_and_what_follows_is_read() -> None:
    text = "# Shop\n## Troubleshooting\n### API Down\n```bash\ndocker ps\n\n### Disk Full\n```bash\ndf -h\n```\n"
    one = parse("shop.md", text)
    assert [(p.title, p.line, [s.text for s in p.steps]) for p in one.procedures] == [
        ("API Down", 3, ["docker ps"]),
        ("Disk Full", 7, ["df -h"]),
    ]
    assert [(w.line, w.text, w.spoils) for w in one.warnings] == [
        (4, "fence is never closed; taken to end at line 6", True)
    ]


def test_a_fence_left_open_to_the_end_is_said() -> None:
    assert warnings("# Shop\n```bash\ndf -h\n") == [
        (2, "fence is never closed; all that follows was taken to be in it")
    ]


def test_a_comment_in_a_closed_block_is_not_taken_for_a_heading() -> None:
    text = "# Shop\n\n```bash\n\n## Step one\ndf -h\n```\n\n```text\nx\n```\n"
    assert warnings(text) == []


@pytest.mark.parametrize(
    ("front", "line", "says"),
    [
        ("a: &a [x, x]\nb: [*a, *a]", 3, "aliases are not allowed"),
        ("a: " + "[" * 40, 2, "nested deeper"),
        ("a: [1", 3, "front matter was not read"),
        ("- a\n- b", 2, "it is not a mapping"),
    ],
)
def test_bad_front_matter_costs_a_warning_and_never_the_document(front: str, line: int, says: str) -> None:
    one = parse("shop.md", f"---\n{front}\n---\n{GOOD}")
    assert [entry.title for entry in one.procedures] == ["Disk Full"]
    (warning,) = one.warnings
    assert (warning.line, warning.spoils) == (line, True)
    assert says in warning.text


def test_a_line_of_dashes_at_the_top_is_no_front_matter() -> None:
    assert [entry.title for entry in parse("shop.md", f"---\n\n{GOOD}").procedures] == ["Disk Full"]


def test_lists_ten_thousand_deep_are_read_as_far_as_anybody_could_mean_them() -> None:
    deep = "\n".join("  " * depth + "- a" for depth in range(400)) + "\n" + "- " * 10_000 + "\n" + "> " * 5_000 + "a"
    one = parse("shop.md", f"{GOOD}\n{deep}\n")
    assert [entry.title for entry in one.procedures] == ["Disk Full"]
    assert any("nested too deeply" in warning.text for warning in one.warnings)


def test_a_document_longer_than_the_limit_is_cut_at_a_line_and_says_where() -> None:
    one = parse("shop.md", GOOD + "a line of no use\n" * 700_000)
    assert len(one.procedures) == 1
    assert any("longer than 10 MiB" in warning.text and warning.line > 600_000 for warning in one.warnings)


def test_an_endless_line_is_cut() -> None:
    one = parse("shop.md", GOOD + "x" * 1_000_000)
    assert [(w.line, w.text) for w in one.warnings] == [
        (9, "line of 1000000 characters; only the first 20000 were read")
    ]


def test_files_in_other_encodings_are_read(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    for name, data in {
        "bom.md": GOOD.encode("utf-8-sig"),
        "wide.md": GOOD.encode("utf-16"),
        "old.md": (GOOD + "naïve\n").encode("cp1252"),
        "dos.md": GOOD.replace("\n", "\r\n").encode(),
    }.items():
        (folder / name).write_bytes(data)
        one = read(folder / name)
        assert [(entry.title, entry.line) for entry in one.procedures] == [("Disk Full", 5)], name
    assert [w.text for w in read(folder / "old.md").warnings] == ["not UTF-8; read as Windows-1252"]


def test_a_binary_file_is_said_to_be_none_and_a_missing_one_is_an_error(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "shop.md"
    path.write_bytes(b"\x7fELF" + b"\0" * 4000)
    one = read(path)
    assert (one.procedures, one.commands, one.warnings[0].spoils) == ((), (), True)
    with pytest.raises(Misconfigured, match=r"gone\.md: No such file"):
        read(path.parent / "gone.md")


_pieces = st.sampled_from(
    [
        "# ",
        "## Troubleshooting",
        "### Disk Full",
        "```bash",
        "```",
        "~~~",
        "**Symptoms**: ",
        "**Diagnosis**:",
        "1. ",
        "- ",
        "  ",
        "\n",
        "\n\n",
        "`df -h`",
        "docker ps",
        "| a | b |\n|---|---|\n",
        "> ",
        "---",
        "$(",
        "'",
        '"',
        "<x>",
        "[a](#b)",
        "# comment",
        "\t",
        "\x00",
        "\u202e",
        "\ud800",
        "{",
        "}",
        "=",
        "\\",
        "0 2 * * * x",
        "SELECT 1;",
        "a: &a [*a]",
    ]
)


@settings(max_examples=120, deadline=None)
@given(st.lists(_pieces | st.text(max_size=12), max_size=60).map("".join))
def test_no_text_stops_the_reader(text: str) -> None:
    one = parse("x.md", text)
    assert all(command.line >= 1 for command in one.commands)
    assert all(step.line >= 1 for entry in one.procedures for step in entry.steps)


@needs_users_runbooks
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_mutation_of_a_users_document_stops_the_reader(data: st.DataObject) -> None:
    with open(document("litcoach").path, encoding="utf-8") as file:
        text = file.read()
    for _ in range(data.draw(st.integers(1, 12))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 400)))
        text = text[:start] + data.draw(_pieces) + text[end:]
    parse("x.md", text)


def calls_to_read(sections: int) -> int:
    """How many functions reading a document of so many sections calls: its work, whatever the machine does meanwhile.

    The commands are different in every document, so that no answer of an earlier one is remembered.
    """
    name = f"web{sections}x"
    text = "\n".join(
        f"{GOOD}\n1. Check `df -h`\n2. If full, restart: `docker restart {name}{n}`\n" for n in range(sections)
    )
    made = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        parse("x.md", text)
    finally:
        sys.setprofile(None)
    return made


def test_reading_takes_work_in_proportion_to_the_length() -> None:
    calls_to_read(10)
    assert calls_to_read(800) / 800 < 1.1 * calls_to_read(100) / 100


# -- shapes


def test_a_label_decides_the_phase_and_never_the_risk() -> None:
    entry = only_procedure("""
        # Shop
        ## Common Issues
        ### Slow Queries
        **Diagnosis**:
        ```bash
        docker compose restart db
        ```
        **Solution**:
        ```bash
        # Look first
        docker compose ps
        ```
        """)
    assert [(step.phase, step.judgement.risk) for step in entry.steps] == [
        (Phase.DIAGNOSIS, Risk.MUTATING),
        (Phase.SOLUTION, Risk.READ_ONLY),
    ]


def test_in_a_bare_block_what_a_command_does_decides_the_phase() -> None:
    entry = only_procedure("""
        # Shop
        ## Troubleshooting
        ### API Not Responding
        ```bash
        # Check status
        docker compose ps

        # Restart
        docker compose restart api

        # Verify
        curl -f http://localhost:8000/health
        ```
        """)
    assert told(entry) == [
        ("diagnosis", "Check status", "docker compose ps"),
        ("solution", "Restart", "docker compose restart api"),
        ("verification", "Verify", "curl -f http://localhost:8000/health"),
    ]


def test_headings_named_like_the_parts_of_an_entry_make_their_parent_one() -> None:
    entry = only_procedure("""
        # KubePodCrashLooping

        ## Meaning
        A pod keeps restarting. It is watched for 15 minutes.

        ## Impact
        Service may be degraded.

        ## Diagnosis
        - Look at the events with `kubectl get events -n shop`
        - Compare the limits with the usage.

        ### Logs
        ```shell
        kubectl logs deploy/web -n shop --previous
        ```

        ## Mitigation
        Roll the deployment back:

        ```shell
        kubectl rollout undo deploy/web -n shop
        ```

        ## Escalation
        Ask `kubectl get nodes` experts.
        """)
    assert (entry.heading, entry.type, entry.symptoms[0]) == (
        ("KubePodCrashLooping",),
        "incident",
        "A pod keeps restarting.",
    )
    assert [(phase, text) for phase, _, text in told(entry)] == [
        ("diagnosis", "kubectl get events -n shop"),
        ("manual", None),
        ("diagnosis", "kubectl logs deploy/web -n shop --previous"),
        ("solution", "kubectl rollout undo deploy/web -n shop"),
    ]
    assert [title for _, title, text in told(entry) if text and "rollout" in text] == ["Roll the deployment back"]


def test_a_page_about_one_incident_is_one_procedure_whatever_its_headings_are() -> None:
    entry = only_procedure("""
        # Nginx is down

        ## Invalid configuration
        Check the configuration with `nginx -t` on the host.
        """)
    assert (entry.title, entry.auto, entry.steps[0].text) == ("Nginx is down", True, "nginx -t")


def test_install_deploy_configure_and_refer_are_not_offered() -> None:
    text = """
        # Shop
        ## Installation
        ### Prerequisites
        ```bash
        docker --version
        ```
        ## Deployment
        ```bash
        docker compose up -d
        ```
        ## Monitoring and Alerts
        ### Health Checks
        ```bash
        curl http://localhost:8000/health
        ```
        ## Appendix
        ### Useful Commands
        ```bash
        docker ps
        ```
        ## Troubleshooting
        ### Getting Support
        1. Check logs: `docker compose logs`
        2. Call us
        """
    assert reading(text).procedures == ()


def test_a_ladder_in_comments_keeps_its_conditions() -> None:
    entry = only_procedure("""
        # Shop
        ## Emergency Procedures
        ### Complete System Failure
        ```bash
        # 1. Try restart
        docker compose restart

        # 2. If restart fails, rollback
        ./rollback.sh production
        ```
        """)
    assert entry.type is ProcedureType.EMERGENCY
    assert [step.condition for step in entry.steps] == [None, "If restart fails"]


def test_numbered_prose_in_a_fence_becomes_commands_and_steps_for_a_person() -> None:
    entry = only_procedure("""
        # Shop
        ## Emergency Procedures
        ### System Outage
        ```bash
        1. Check system status: docker compose ps
        2. Alert the team if needed
        ```
        """)
    assert told(entry) == [
        ("diagnosis", "Check system status", "docker compose ps"),
        ("manual", "Alert the team if needed", None),
    ]


def test_comments_that_no_command_follows_are_steps_and_explanations_are_not() -> None:
    entry = only_procedure("""
        # Shop
        ## Troubleshooting
        ### Memory Leak
        ```bash
        free -m
        # Common causes:
        # - too many sessions

        # Set a limit
        # Edit docker-compose.yml

        # Restart
        docker compose restart api

        # Tell the team
        ```
        """)
    assert told(entry) == [
        ("diagnosis", "", "free -m"),
        ("manual", "Set a limit: Edit docker-compose.yml", None),
        ("solution", "Restart", "docker compose restart api"),
        ("manual", "Tell the team", None),
    ]


def test_what_an_expected_comment_says_and_where_a_command_runs_stay_with_the_step() -> None:
    entry = only_procedure("""
        # Shop
        ## Troubleshooting
        ### API Down
        ```bash
        curl http://localhost:8000/health
        # Expected: {"ok": true}
        cd backend
        alembic current
        ```
        """)
    by_text = {step.text: step for step in entry.steps}
    assert by_text["curl http://localhost:8000/health"].expect == '{"ok": true}'
    assert by_text["alembic current"].cwd == "backend"


def test_attributes_of_a_fence_name_it_bound_it_and_may_only_raise_a_risk() -> None:
    text = """
        # Shop
        ## Troubleshooting
        ### API Down
        ```bash {id=look timeout=30s expect="running" risk=mutating}
        docker compose ps
        ```
        ```bash risk=read_only
        docker compose down -v
        ```
        ```bash risk=harmless
        docker compose ps
        ```
        """
    one = reading(text)
    first, second, _ = one.procedures[0].steps
    assert (first.name, first.timeout, first.expect, first.judgement.risk) == ("look", 30.0, "running", Risk.MUTATING)
    assert not first.judgement.runs_unasked
    assert second.judgement.risk is Risk.DESTRUCTIVE
    assert [(w.line, w.text) for w in one.warnings] == [(10, "unknown risk 'harmless' on the fence; it was ignored")]


def test_severity_comes_from_the_nearest_heading_or_label() -> None:
    text = """
        # Shop
        ## Incident Response Runbooks
        ### Critical Incidents (P1)
        #### API Down
        1. Check: `docker ps`
        2. Call
        #### Login Failures
        **Severity**: SEV-2
        **Actions**:
        1. Check: `docker ps`
        2. Call
        """
    assert [entry.severity for entry in reading(text).procedures] == ["P1", "P2"]


def test_the_front_matters_severity_holds_for_procedures_that_say_none() -> None:
    assert parse("shop.md", f"---\nseverity: high\n---\n{GOOD}").procedures[0].severity == "P2"


def test_two_entries_of_one_title_keep_ids_of_their_own() -> None:
    part = "### Disk Full\n```bash\ndf -h\n```\n"
    one = parse("shop.md", f"# Shop\n## Common Issues\n{part}{part}")
    assert [entry.id for entry in one.procedures] == ["shop/common-issues/disk-full", "shop/common-issues/disk-full-2"]


def test_inline_code_that_only_names_something_is_no_command() -> None:
    text = """
        # Shop
        ## Troubleshooting
        ### Missing Texts
        1. Ensure `data/texts.json` and `shop.static` exist, see `/metrics` and `.env`
        2. Look for `No such file or directory`
        3. Restart: `docker compose restart content`
        """
    assert [command.text for command in reading(text).commands] == ["docker compose restart content"]


# -- facts


def test_service_tables_ports_in_headings_and_health_checks_are_services() -> None:
    one = reading("""
        # Shop
        ## Ports
        | Service | Port | Health Check |
        |---|---|---|
        | Web | 8000 | http://localhost:8000/health |
        | Database | 5432 | N/A |
        ## Gateway Service (Port 8001)
        **Common Issues:**
        - Port conflicts: Check who listens
        ```bash
        curl http://localhost:8001/health
        ```
        """)
    assert [(fact["name"], fact["port"], fact["health_url"]) for fact in one.services] == [
        ("Web", 8000, "http://localhost:8000/health"),
        ("Database", 5432, None),
        ("Gateway Service", 8001, "http://localhost:8001/health"),
    ]
    assert one.services[2]["hints"] == [{"symptom": "Port conflicts", "check": "Check who listens", "line": 9}]


@needs_users_runbooks
def test_the_users_severities_thresholds_and_escalation_are_read() -> None:
    aada = document("aada-lms")
    assert [(s["level"], s["response"], s["response_minutes"]) for s in aada.severities] == [
        ("P1", "Immediate", 0),
        ("P2", "Within 1 hour", 60),
        ("P3", "Within 4 hours", 240),
        ("P4", "Next business day", None),
    ]
    limits = {fact["metric"]: (fact["value"], fact["unit"]) for fact in aada.thresholds if not fact.get("target")}
    assert (limits["CPU usage"], limits["Response time (p95)"], len(limits)) == ((80.0, "%"), (1000.0, "ms"), 6)
    assert [step["level"] for step in aada.escalation] == ["L1", "L2", "L3"]
    assert [(o["name"], o["minutes"]) for o in aada.objectives] == [("RTO", 240), ("RPO", 240)]
    assert [contact["missing"] for contact in aada.contacts] == [False, True, True, True, True]


@needs_users_runbooks
def test_the_users_services_schedules_checklists_and_alert_rules_are_read() -> None:
    counts = {one.system: len(one.services) for one in documents()}
    assert counts == {"aada-lms": 1, "course-creator": 19, "litcoach": 5, "lms-backend": 1, "neurocore": 11}
    crons = [fact["cron"] for one in documents() for fact in one.schedules if fact["kind"] == "cron"]
    assert sorted(crons) == sorted(
        ["0 3 * * *", "0 2 * * *", "*/5 * * * *", "0 2 * * *", "0 2 * * *", "0 3 * * 0", "0 4 1 * *"]
    )
    assert {len(checklist["items"]) for checklist in document("aada-lms").checklists} == {5, 7}
    assert [rule["name"] for rule in document("neurocore").alert_rules] == ["HighErrorRate"]
    assert {fact["subject"]: fact["period"] for fact in document("aada-lms").retention}["Audit logs"] == "3 years"


def test_the_end_of_a_wrapped_sentence_is_no_label() -> None:
    found = only_procedure("""
        # KubeletGone

        ## Diagnosis

        Look at the nodes and at what happened lately to them or to other
        resources:

        ```console
        $ kubectl get nodes
        ```
        """)
    assert [step.text for step in found.steps] == ["kubectl get nodes"]
