"""The users' own document, unchanged: from a dead API that Prometheus notices to the post-mortem."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import free_port, wait_until
from tests.docker_engine import Project
from tests.monitoring import Rule, firing, is_up, watching
from tests.scenarios.world import seeds, world

JOB = "lms-api"
RULE = Rule(
    alert="LmsApiUnreachable",
    expr=f'up{{job="{JOB}"}} == 0',
    labels={"severity": "warning", "service": "api"},
    annotations={"summary": "The LMS API is unreachable: requests end in timeouts and 500 errors"},
)
LOGS = "docker logs api"
DATABASE = 'docker compose exec db psql -U lms -d lms -c "SELECT 1;"'
REDIS = "docker compose exec redis redis-cli ping"
RESTART = "docker compose restart api"


def api(project: Project, port: int) -> str:
    """The API: a web server of the host's network inside a container that outlives it."""
    return project.run(
        "api",
        "mkdir -p /www/api/v1",
        "echo ok > /www/api/v1/health",
        "echo 'lms_requests_total 1' > /www/metrics",
        f"httpd -p 127.0.0.1:{port} -h /www",
        "echo api is ready",
        "trap 'exit 0' TERM",
        "while :; do sleep 1 & wait $!; done",
        network_mode="host",
    )


@pytest.mark.docker
@pytest.mark.prometheus
@pytest.mark.postgres
@pytest.mark.redis
@pytest.mark.timeout(240)
def test_a_dead_api_is_noticed_diagnosed_restarted_on_approval_and_told(
    tmp_path: Path, project: Project, postgres_dsn: str, redis_url: str
) -> None:
    port = free_port()
    container = api(project, port)
    systems = {
        "lms-backend": {
            "services": ["api", "db", "redis"],
            "docker": {"host": project.url, "project": project.name},
            "sql": {"db": {"dsn": postgres_dsn}},
            "redis": {"redis": {"url": redis_url}},
            "live": "read_only",
        }
    }
    with (
        world(tmp_path, seeds(), systems) as midwatch,
        watching(
            tmp_path, f"127.0.0.1:{port}", JOB, RULE, midwatch.webhook, midwatch.runtime.webhook_token
        ) as prometheus,
    ):
        wait_until(lambda: is_up(prometheus, JOB), "Prometheus did not see the API", 30)
        before = project.state(container)["StartedAt"]

        project.client.exec_start(project.client.exec_create(container, ["killall", "httpd"])["Id"])

        wait_until(lambda: midwatch.offers("step_approve"), "no fix was offered", 60)
        incident = midwatch.account()
        assert incident["priority"] == "P1"
        assert "API Unavailability" in incident["priority_reason"]
        assert incident["system"] == "lms-backend"
        assert incident["runs"][0]["heading"][-2:] == ["3.1 Critical Incidents (P1)", "API Unavailability"]
        steps = midwatch.steps()
        assert [(steps[text]["kind"], steps[text]["state"]) for text in (LOGS, DATABASE, REDIS, RESTART)] == [
            ("docker", "succeeded"),
            ("sql", "succeeded"),
            ("redis", "succeeded"),
            ("docker", "awaiting_approval"),
        ]
        assert "api is ready" in steps[LOGS]["output"]
        assert project.state(container)["StartedAt"] == before
        assert firing(prometheus) == ["LmsApiUnreachable"]

        midwatch.click("charlie", "step_approve")
        assert midwatch.steps()[RESTART]["state"] == "awaiting_approval"
        midwatch.click("alice", "step_approve")

        midwatch.until("resolved", 90)
        wait_until(lambda: midwatch.account()["runs"][0]["state"] == "finished", "the run did not end", 60)
        assert project.state(container)["StartedAt"] > before
        assert is_up(prometheus, JOB)
        assert firing(prometheus) == []
        assert midwatch.steps()[RESTART]["state"] == "succeeded"
        rounds = {step["round"] for run in midwatch.account()["runs"] for step in run["steps"]}
        assert rounds == {1, 2}

        wait_until(lambda: not midwatch.offers("step_approve"), "the resolved card still asks", 20)
        told = midwatch.postmortem()
        for words in ("API Unavailability", RESTART, "U0ALICE", "LmsApiUnreachable", "P1"):
            assert words in told
        assert midwatch.account()["chain"]["faults"] == []
        assert midwatch.slack.violations.total == 0
