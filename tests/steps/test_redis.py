"""Redis steps against a real server, and against ports that only look like one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest
import redis as client_library

from tests.conftest import free_port
from tests.steps.conftest import Said, context
from workers.steps import Level, Outcome, Result, redis

pytestmark = pytest.mark.redis


@pytest.fixture
def step(redis_url: str) -> Callable[..., Outcome]:
    """Run one command on an empty server."""

    def run(*command: str, writes: bool = False, timeout: float = 10.0, url: str = redis_url) -> Outcome:
        args = {"service": "redis", "command": list(command), "url": url}
        return redis.run(args, context(timeout, writes=writes))

    return run


@pytest.fixture
def client(redis_url: str) -> client_library.Redis:
    with client_library.Redis.from_url(redis_url) as made:
        made.set("kept", "1")
        yield made


@pytest.mark.parametrize(
    "command",
    [
        ["FLUSHALL"],
        ["flushdb"],
        ["SET", "kept", "2"],
        ["DEL", "kept"],
        ["CONFIG", "SET", "maxmemory", "1"],
        ["config", "rewrite"],
        ["CLIENT", "KILL", "TYPE", "normal"],
        ["SHUTDOWN"],
        ["DEBUG", "SLEEP", "100"],
        ["EVAL", "return redis.call('del','kept')", "0"],
        ["GETDEL", "kept"],
        ["GETSET", "kept", "2"],
        ["EXPIRE", "kept", "1"],
        ["RENAME", "kept", "gone"],
        ["SORT", "kept", "STORE", "x"],
        ["SCRIPT", "FLUSH"],
        ["SLOWLOG", "RESET"],
        ["ACL", "SETUSER", "x"],
        ["MODULE", "LOAD", "x"],
        ["REPLICAOF", "evil", "6379"],
        ["CLUSTER", "RESET"],
        ["MEMORY", "PURGE"],
        ["LATENCY", "RESET"],
        ["FUNCTION", "FLUSH"],
        ["CONFIG"],
        ["whatever"],
    ],
)
def test_nothing_is_changed_without_an_approval(
    command: list[str], step: Callable[..., Outcome], client: client_library.Redis
) -> None:
    outcome = step(*command)
    assert outcome.result is Result.COULD_NOT_RUN
    assert client.get("kept") == b"1"


@pytest.mark.parametrize("command", [["MONITOR"], ["SUBSCRIBE", "x"], ["PSUBSCRIBE", "*"], ["SYNC"]])
def test_a_command_that_never_ends_is_not_run_even_when_approved(
    command: list[str], step: Callable[..., Outcome]
) -> None:
    assert step(*command, writes=True).result is Result.COULD_NOT_RUN


def test_an_approved_command_is_run(step: Callable[..., Outcome], client: client_library.Redis) -> None:
    assert step("FLUSHALL", writes=True).output == "OK"
    assert client.get("kept") is None


def test_a_ping_is_answered_and_tells_of_the_memory(step: Callable[..., Outcome]) -> None:
    outcome = step("ping")
    assert (outcome.result, outcome.output) == (Result.SUCCEEDED, "PONG")
    assert Said(outcome).ok("Redis redis answered PONG")
    assert Said(outcome).info("no limit set")


def test_memory_near_its_limit_is_a_finding(step: Callable[..., Outcome], client: client_library.Redis) -> None:
    used = int(client.info("memory")["used_memory"])
    client.config_set("maxmemory", int(used * 1.05))
    client.config_set("maxmemory-policy", "noeviction")
    try:
        outcome = step("INFO", "memory")
        assert outcome.result is Result.FAILED
        assert Said(outcome).bad("%, noeviction)")
        assert step("ping").result is Result.FAILED
    finally:
        client.config_set("maxmemory", 0)


def test_keys_becomes_a_scan_that_ends(step: Callable[..., Outcome], client: client_library.Redis) -> None:
    client.mset({f"session:{n}": "x" for n in range(5000)})
    before = client.info("commandstats")
    outcome = step("KEYS", "*")
    assert "cmdstat_keys" not in client.info("commandstats") or (
        client.info("commandstats")["cmdstat_keys"] == before.get("cmdstat_keys")
    )
    assert len(outcome.output.splitlines()) == 200
    assert outcome.truncated
    assert step("KEYS", "ke*").output == "kept"
    assert step("KEYS", "none*").output == "(empty)"


def test_large_collections_are_shown_by_their_first_items(
    step: Callable[..., Outcome], client: client_library.Redis
) -> None:
    client.rpush("list", *range(5000))
    client.sadd("set", *range(5000))
    client.zadd("zset", {str(n): n for n in range(5000)})
    client.hset("hash", mapping={str(n): n for n in range(5000)})
    assert step("LRANGE", "list", "0", "-1").output.splitlines() == [str(n) for n in range(200)]
    assert step("LRANGE", "list", "-2", "-1").output.splitlines() == ["4998", "4999"]
    for command in (["SMEMBERS", "set"], ["ZRANGE", "zset", "0", "-1"], ["HGETALL", "hash"], ["HKEYS", "hash"]):
        outcome = step(*command)
        assert len(outcome.output.splitlines()) <= 200
        assert outcome.truncated


def test_a_value_of_many_megabytes_is_shown_by_its_beginning(
    step: Callable[..., Outcome], client: client_library.Redis
) -> None:
    client.set("big", b"x" * 50_000_000)
    outcome = step("GET", "big")
    assert len(outcome.output) <= 65536
    assert Said(outcome).info("of 50,000,000 bytes")


def test_what_is_no_text_is_shown_as_escapes(step: Callable[..., Outcome], client: client_library.Redis) -> None:
    client.set("raw", b"\xff\x00ok")
    assert step("GET", "raw").output == r"\xff\x00ok"


@pytest.mark.parametrize(
    "command",
    [
        ["INFO"],
        ["DBSIZE"],
        ["CLIENT", "LIST"],
        ["CONFIG", "GET", "max*"],
        ["SLOWLOG", "GET"],
        ["TTL", "kept"],
        ["ROLE"],
    ],
)
def test_what_only_looks_is_done(
    command: list[str], step: Callable[..., Outcome], client: client_library.Redis
) -> None:
    assert step(*command).result is Result.SUCCEEDED


def test_the_password_is_not_among_the_settings(step: Callable[..., Outcome]) -> None:
    assert "requirepass" in step("CONFIG", "GET", "requirepass").output
    assert redis._hidden(["config", "get"], [b"requirepass", b"abc"]) == [b"requirepass", b"[hidden]"]


def test_a_mistake_is_told_in_the_servers_words(step: Callable[..., Outcome], client: client_library.Redis) -> None:
    outcome = step("LLEN", "kept")
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 1)
    assert Said(outcome).warn("WRONGTYPE")


def test_wrong_credentials_are_told_without_showing_them(
    step: Callable[..., Outcome], redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    password = "let-" + "me-in"
    monkeypatch.setenv("LMS_REDIS_URL", redis_url.replace("redis://", f"redis://ops:{password}@"))
    outcome = step("ping", url="${LMS_REDIS_URL}")
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad("refuses our credentials")
    assert password not in repr(outcome)


def test_a_server_that_wants_a_password_says_so(step: Callable[..., Outcome], client: client_library.Redis) -> None:
    client.config_set("requirepass", "abc")
    try:
        assert Said(step("ping")).bad("refuses our credentials: Authentication required")
    finally:
        client.execute_command("AUTH", "abc")
        client.config_set("requirepass", "")


def test_a_port_where_nobody_listens_says_so(step: Callable[..., Outcome]) -> None:
    outcome = step("ping", url=f"redis://127.0.0.1:{free_port()}/0")
    assert outcome.result is Result.FAILED
    assert Said(outcome).bad("refuses connections")


def test_a_server_that_accepts_and_says_nothing_is_given_up_in_time(step: Callable[..., Outcome]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        outcome = step("ping", url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0", timeout=1)
    assert outcome.result is Result.TIMED_OUT
    assert time.monotonic() - began < 1.2


@pytest.mark.parametrize("url", ["", "http://x", "nonsense"])
def test_a_url_that_cannot_be_used_could_not_run(url: str, step: Callable[..., Outcome]) -> None:
    assert step("ping", url=url).result is Result.COULD_NOT_RUN


def test_no_connection_is_left_open(step: Callable[..., Outcome], client: client_library.Redis) -> None:
    before = len(client.client_list())
    for _ in range(5):
        step("ping")
    assert len(client.client_list()) <= before


def test_a_read_only_user_may_still_ping(
    step: Callable[..., Outcome], client: client_library.Redis, redis_url: str
) -> None:
    client.execute_command("ACL", "SETUSER", "probe", "on", ">abc", "+ping", "+select")
    try:
        outcome = step("ping", url=redis_url.replace("redis://", "redis://probe:abc@"))
        assert outcome.result is Result.SUCCEEDED
        assert not any(found.level is Level.BAD for found in outcome.findings)
    finally:
        client.execute_command("ACL", "DELUSER", "probe")
