"""The inventory is refused by file, line and key, and reaches nothing that it does not list."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest
import yaml

from incidents.errors import Misconfigured
from incidents.inventory import Inventory, System, expand, load_inventory, schema

SCHEMA = Path(__file__).parents[2] / "docs" / "inventory.schema.json"
WHOLE = """\
systems:
  lms-backend:
    documents: [lms-backend.md]
    services: [api, db, redis]
    docker: {host: unix:///var/run/docker.sock, project: lms}
    http: {localhost:8000: http://lms-api.internal:8000}
    sql: {db: {dsn: "${LMS_DSN_READONLY}", write_dsn: "${LMS_DSN}"}}
    redis: {redis: {url: "${LMS_REDIS_URL}"}}
    host: local
    workdir: /srv/lms
    queue: lms
    vars: {db-host: lms-db.internal, port: 8000}
    safe: ["./app-control.sh status"]
    approvers: ["@sre", "U012AB"]
    live: read_only
  course-creator:
    services: [frontend, redis]
    host: ssh://ops@course-1
"""

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Path:
        path = tmp_path / "inventory.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (
            "systems:\n  lms:\n    servces: [api]\n",
            3,
            "systems.lms.servces is no key of the inventory; did you mean services?",
        ),
        ("systems:\n  lms:\n    docker:\n      projekt: x\n", 4, "did you mean project?"),
        ("systems:\n  lms:\n    sql:\n      db:\n        dns: x\n        dsn: y\n", 5, "did you mean dsn?"),
        ("system:\n  lms: {}\n", 1, "did you mean systems?"),
        ("systems:\n  lms:\n    name: x\n", 3, "systems.lms.name is no key"),
        ("systems:\n  lms:\n    live: always\n", 3, "systems.lms.live: "),
        ("systems:\n  lms:\n    host: ops@lms-1\n", 3, "must be local or ssh://user@host"),
        ("systems:\n  lms:\n    workdir: srv/lms\n", 3, "must be an absolute path"),
        ("systems:\n  lms:\n    files: [/srv/../etc]\n", 3, "must be an absolute path without .."),
        ("systems:\n  lms:\n    http: {localhost:8000: lms-api}\n", 3, "must begin with http://"),
        ("systems:\n  lms:\n    http: {'http://localhost': http://x}\n", 3, "without a scheme"),
        ("systems:\n  lms:\n    docker: {host: /var/run/docker.sock}\n", 3, "must begin with unix://"),
        ("systems:\n  lms:\n    sql:\n      db: {dsn: 'postgresql://u:pw@db/x'}\n", 4, "holds a password"),
        ("systems:\n  lms:\n    redis:\n      r: {url: 'redis://:pw@r'}\n", 4, "holds a password"),
        ("systems:\n  lms:\n    services: {a: b}\n", 3, "systems.lms.services: "),
        ("systems:\n  lms: 7\n", 2, "systems.lms: "),
        ("systems: []\n", 1, "systems: "),
        ("- a\n", 1, "must be a mapping"),
        ("just text", 1, "must be a mapping"),
        ("systems:\n  lms: {}\n  lms: {}\n", 3, "lms stands here twice"),
        ("systems: &a\n  lms: {}\nother: *a\n", 3, "the alias *a is not allowed"),
        ("systems:\n  lms:\n    queue: !!python/object:os.system x\n", 3, "is not allowed"),
        ("systems:\n  lms: [\n", 3, ""),
        ("systems:\n\t- x\n", 2, ""),
        ("systems: " + "[" * 40 + "]" * 40, 1, "nested too deeply"),
        ("systems: {" + "{" * 100_000, 1, "nested too deeply"),
        ("? [a]\n: b\n", 1, "a key must be plain text"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_key(text: str, line: int, says: str, written: Written) -> None:
    path = written(text)
    with pytest.raises(Misconfigured) as refused:
        load_inventory(path)
    told = str(refused.value)
    assert told.startswith(f"{path}:{line}: ")
    assert says in told
    assert "\n" not in told


def test_an_error_does_not_repeat_a_password(written: Written) -> None:
    with pytest.raises(Misconfigured) as refused:
        load_inventory(written("systems:\n  lms:\n    sql:\n      db: {dsn: 'postgresql://u:hunter2@db/x'}\n"))
    assert "hunter2" not in str(refused.value)


def test_a_bomb_of_aliases_is_refused_at_once(written: Written) -> None:
    layers = ["a: &a [x,x,x,x,x,x,x,x,x]"] + [
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]" for a, b in pairwise("abcdefghi")
    ]
    with pytest.raises(Misconfigured, match="alias"):
        load_inventory(written("\n".join(layers)))


def test_a_file_that_is_too_large_is_refused(written: Written) -> None:
    with pytest.raises(Misconfigured, match="larger than 1 MiB"):
        load_inventory(written("# " + "x" * 1024 * 1024))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"missing\.yml: cannot be read"):
        load_inventory(tmp_path / "missing.yml")
    (tmp_path / "latin.yml").write_bytes(b"systems: {lms: {queue: caf\xe9}}")
    with pytest.raises(Misconfigured, match="is not UTF-8"):
        load_inventory(tmp_path / "latin.yml")


def test_no_inventory_reaches_nothing() -> None:
    inventory = load_inventory(None)
    assert not inventory.systems
    assert inventory.system("lms") is None
    assert inventory.system_of("api") is None


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "systems:\n", "systems: {}\n"])
def test_an_empty_file_is_an_empty_inventory(text: str, written: Written) -> None:
    assert not load_inventory(written(text)).systems


def test_the_whole_of_a_system_is_read(written: Written) -> None:
    lms = load_inventory(written(WHOLE)).systems["lms-backend"]
    assert lms.name == "lms-backend"
    assert lms.docker is not None
    assert lms.docker.project == "lms"
    assert lms.http == {"localhost:8000": "http://lms-api.internal:8000"}
    assert lms.sql["db"].dsn == "${LMS_DSN_READONLY}"
    assert lms.vars == {"db-host": "lms-db.internal", "port": "8000"}
    assert lms.files == ("/srv/lms", "/var/log")
    assert lms.live == "read_only"


def test_a_system_of_a_name_alone_gets_its_document_and_nothing_else(written: Written) -> None:
    lms = load_inventory(written("systems:\n  lms:\n")).systems["lms"]
    assert lms == System(name="lms", documents=("lms.md",))
    assert (lms.live, lms.host, lms.files) == ("none", None, ())


def test_a_service_belongs_to_the_only_system_that_lists_it(written: Written) -> None:
    inventory = load_inventory(written(WHOLE))
    assert inventory.system_of("api") == "lms-backend"
    assert inventory.system_of("course-creator") == "course-creator"
    assert inventory.system_of("redis") is None
    assert inventory.system_of("nobody") is None


def test_a_reference_is_filled_only_from_the_given_environment() -> None:
    assert expand("redis://:${PW}@${HOST}/0", {"PW": "a$b", "HOST": "r"}) == "redis://:a$b@r/0"
    assert expand("$PW %s {PW}", {}) == "$PW %s {PW}"


@pytest.mark.parametrize("environ", [{}, {"LMS_DSN": ""}])
def test_a_reference_to_nothing_is_told_by_its_name(environ: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match="LMS_DSN is not set"):
        expand("${LMS_DSN}", environ)


def test_the_published_schema_is_the_one_of_the_code() -> None:
    assert json.loads(SCHEMA.read_text()) == json.loads(json.dumps(schema()))


def test_the_schema_accepts_what_is_accepted_and_refuses_unknown_keys() -> None:
    jsonschema.validate(yaml.safe_load(WHOLE), schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"systems": {"lms": {"servces": []}}}, schema())


def test_an_inventory_made_by_hand_is_one_too() -> None:
    inventory = Inventory({"lms": System(name="lms", services=("api",))})
    assert inventory.system_of("api") == "lms"
