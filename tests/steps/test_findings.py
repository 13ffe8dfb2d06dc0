"""What is read out of logs: trouble and only trouble, the same trouble once, with a count."""

from __future__ import annotations

import time

import pytest

from workers.steps import Level
from workers.steps._logs import errors_of, is_trouble, shape_of


@pytest.mark.parametrize(
    "line",
    [
        "ERROR could not connect to server",
        "2026-03-03 03:00:00,123 ERROR [worker] task failed",
        "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection refused",
        'FATAL:  password authentication failed for user "lms"',
        "panic: runtime error: invalid memory address",
        "Out of memory: Killed process 4242 (uvicorn)",
        "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)",
        '10.0.0.1 - - [03/Mar/2026] "GET /api HTTP/1.1" 502 157',
        'level=error msg="dial tcp: i/o timeout"',
        "Traceback: ValueError: invalid literal",
        "OSError: [Errno 28] No space left on device",
        "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379",
    ],
)
def test_trouble_is_seen(line: str) -> None:
    assert is_trouble(line)


@pytest.mark.parametrize(
    "line",
    [
        "INFO all is well",
        "0 errors, 0 warnings",
        "finished without errors",
        "INFO error handler registered",
        '10.0.0.1 - - [03/Mar/2026] "GET /errors HTTP/1.1" 200 157',
        "level=info error_rate=0.0",
        "DEBUG retrying after timeout",
        "error=null status=ok",
        "opened error_log /var/log/nginx/error.log",
        "no errors found",
        "",
    ],
)
def test_noise_is_not_called_trouble(line: str) -> None:
    assert not is_trouble(line)


def test_lines_of_one_shape_are_one_finding() -> None:
    log = "\n".join(f"2026-03-03T03:00:{n:02}Z ERROR order {n * 7} failed at 10.0.0.{n}:5432" for n in range(14))
    (finding,) = errors_of(log, "api")
    assert finding.text.startswith("14 x ERROR order")
    assert (finding.level, finding.subject) == (Level.WARN, "api")


def test_the_gravest_comes_first_and_the_rest_is_counted() -> None:
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
    log = "\n".join([f"ERROR in {word}" for word in words for _ in range(3)] + ["FATAL no space left on device"])
    findings = errors_of(log)
    assert findings[0].level is Level.BAD
    assert findings[0].text == "FATAL no space left on device"
    assert findings[-1].text == "and 12 more error lines of 4 other kinds"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "ERROR job 1f0e2d3c-0000-4000-8000-000000000001 failed",
            "ERROR job aaaaaaaa-0000-4000-8000-0000000000ff failed",
        ),
        ("[03:00:01] timeout after 30s", "[03:00:02] timeout after 31s"),
        ("Mar  3 03:00:01 commit deadbeef1 failed", "Mar  3 03:00:02 commit cafebabe2 failed"),
    ],
)
def test_what_differs_from_time_to_time_is_no_part_of_the_shape(one: str, other: str) -> None:
    assert shape_of(one) == shape_of(other)


def test_different_troubles_are_different() -> None:
    assert shape_of("ERROR no route to db") != shape_of("ERROR no route to cache")


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, "error " * 200_000, "0" * 500_000, ("x" * 100 + "\n") * 20_000, "-" * 300_000]
)
def test_a_log_that_is_meant_to_be_slow_is_not(text: str) -> None:
    began = time.monotonic()
    errors_of(text)
    assert time.monotonic() - began < 2
