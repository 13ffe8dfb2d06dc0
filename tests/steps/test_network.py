"""Ports and names."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import free_port
from tests.steps.conftest import Said, context
from workers.steps import Result, dns, tcp


def test_an_open_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = tcp.run({"host": "127.0.0.1", "port": server.getsockname()[1]}, context())
    assert (outcome.result, outcome.exit_code) == (Result.SUCCEEDED, 0)
    assert Said(outcome).ok("accepts connections")


def test_a_closed_port_is_told() -> None:
    outcome = tcp.run({"host": "127.0.0.1", "port": free_port()}, context())
    assert (outcome.result, outcome.exit_code) == (Result.FAILED, 1)
    assert Said(outcome).bad("nothing listens there")


def test_a_name_that_leads_nowhere_is_told() -> None:
    assert Said(tcp.run({"host": "no-such-host.invalid", "port": 1}, context())).bad("cannot be resolved")


@pytest.mark.parametrize("args", [{}, {"host": "x"}, {"host": "x", "port": 0}, {"host": "x", "port": "1; rm"}])
def test_a_target_that_is_none_could_not_run(args: dict[str, object]) -> None:
    assert tcp.run(args, context()).result is Result.COULD_NOT_RUN


def test_the_metadata_address_is_not_knocked_at() -> None:
    assert tcp.run({"host": "169.254.169.254", "port": 80}, context(2)).result is Result.COULD_NOT_RUN


def test_a_name_is_resolved() -> None:
    outcome = dns.run({"name": "localhost"}, context())
    assert outcome.result is Result.SUCCEEDED
    assert "127.0.0.1" in outcome.output.splitlines() or "::1" in outcome.output.splitlines()


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 300, ".."])
def test_a_name_that_cannot_be_resolved_is_told(name: str) -> None:
    assert dns.run({"name": name}, context()).result is not Result.SUCCEEDED
