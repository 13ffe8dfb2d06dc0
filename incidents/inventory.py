"""The inventory: one YAML file that says what belongs to a system and where its steps happen.

What it does not list cannot be reached. Secrets stand in it only as `${NAME}` references, which `expand` fills from
the environment of the worker that runs the step, at the last moment, so that no row and no message ever holds them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from rapidfuzz import process

from incidents.errors import Misconfigured

LARGEST = 1024 * 1024
"""Bytes of the largest inventory that is read."""
DEEPEST = 32
REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
Path_ = tuple[str | int, ...]


def _as_text(value: object) -> object:
    """YAML reads `8000` and `yes` as a number and a truth; here they are what was written down."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _as_list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _without_password(value: str) -> str:
    try:
        password = urlsplit(value).password
    except ValueError as error:
        raise ValueError("is no URL") from error
    if password and not REFERENCE.search(password):
        raise ValueError("holds a password; put it into the environment and write ${NAME} here")
    return value


Address = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]


class Docker(_Entry):
    """A Docker engine, and the Compose project whose services it runs."""

    host: Address = Field(default="unix:///var/run/docker.sock", description="unix://, tcp:// or ssh:// address")
    project: Text | None = Field(default=None, description="Compose project; its services are found by label")

    @field_validator("host")
    @classmethod
    def _known_scheme(cls, value: str) -> str:
        if not value.startswith(("unix://", "tcp://", "ssh://", "http://", "https://", "${")):
            raise ValueError("must begin with unix://, tcp:// or ssh://")
        return value


class Sql(_Entry):
    """A database. Checks use `dsn`; only an approved change uses `write_dsn`."""

    dsn: Address = Field(description="URL for reading, as an environment reference when it holds a password")
    write_dsn: Address | None = Field(default=None, description="URL for approved changes")

    _secretless = field_validator("dsn", "write_dsn")(lambda value: value and _without_password(value))


class Redis(_Entry):
    """A Redis server."""

    url: Address = Field(description="redis:// URL, as an environment reference when it holds a password")

    _secretless = field_validator("url")(_without_password)


class Celery(_Entry):
    """The broker of a Celery application that is looked at, not ours."""

    broker: Address = Field(description="broker URL, as an environment reference when it holds a password")

    _secretless = field_validator("broker")(_without_password)


class System(_Entry):
    """What belongs to one system. Everything absent could not be reached, and the steps that need it say so."""

    name: str = Field(default="", exclude=True)
    documents: Texts = Field(default=(), description="Runbook files; default the file whose stem is the system's name")
    services: Texts = Field(default=(), description="Services besides those that the documents' tables name")
    docker: Docker | None = Field(default=None, description="Where its containers run")
    http: dict[Text, Text] = Field(default={}, description="What an address of the document means: host:port to URL")
    sql: dict[Text, Sql] = Field(default={}, description="Databases by the name the document uses")
    redis: dict[Text, Redis] = Field(default={}, description="Redis servers by the name the document uses")
    celery: dict[Text, Celery] = Field(default={}, description="Celery applications by name")
    files: Texts = Field(default=(), description="Folders below which files may be read; default workdir and /var/log")
    host: Text | None = Field(default=None, description="local or ssh://user@host: where host and argv steps happen")
    workdir: Text | None = Field(default=None, description="Folder in which commands run")
    queue: Text | None = Field(default=None, description="Celery queue whose workers stand near the system")
    vars: dict[Text, Text] = Field(default={}, description="Values of the document's placeholders")
    safe: Texts = Field(default=(), description="Commands that the team vouches for as read-only, with their verb")
    approvers: Texts = Field(default=(), description="Slack group handles or user ids that may approve its fixes")
    live: Literal["read_only", "none"] = Field(default="none", description="What runs before a procedure is promoted")

    @field_validator("host")
    @classmethod
    def _local_or_ssh(cls, value: str | None) -> str | None:
        if value is None or value == "local" or (value.startswith("ssh://") and urlsplit(value).hostname):
            return value
        raise ValueError("must be local or ssh://user@host")

    @field_validator("http")
    @classmethod
    def _web_addresses(cls, value: dict[str, str]) -> dict[str, str]:
        for netloc, base in value.items():
            if not base.startswith(("http://", "https://", "${")):
                raise ValueError(f"the address of {netloc} must begin with http:// or https://")
            if "/" in netloc or not netloc:
                raise ValueError(f"{netloc} must be a host and port as the document writes them, without a scheme")
            _without_password(base)
        return value

    @field_validator("workdir", "files")
    @classmethod
    def _absolute(cls, value: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        for folder in (value,) if isinstance(value, str) else value or ():
            if not folder.startswith("/") or ".." in folder.split("/"):
                raise ValueError("must be an absolute path without ..")
        return value

    @model_validator(mode="after")
    def _defaults(self) -> Self:
        if self.workdir and not self.files:
            object.__setattr__(self, "files", (self.workdir, "/var/log"))
        if self.name and not self.documents:
            object.__setattr__(self, "documents", (f"{self.name}.md",))
        return self


class _File(_Entry):
    """The inventory of a Midwatch installation: what belongs to each system."""

    systems: dict[Text, System] = Field(default={}, description="Systems by name")


@dataclass(frozen=True, slots=True)
class Inventory:
    """All systems of an installation. An empty one reaches nothing."""

    systems: Mapping[str, System] = field(default_factory=dict)

    def system(self, name: str | None) -> System | None:
        return self.systems.get(name) if name else None

    def system_of(self, service: str) -> str | None:
        """The system a service belongs to, when exactly one lists it or is called so."""
        owners = [name for name, system in self.systems.items() if service in (name, *system.services)]
        return owners[0] if len(owners) == 1 else None


def load_inventory(path: Path | None) -> Inventory:
    """Read an inventory; without a path an empty one. Misconfigured names the file, the line and the key."""
    if path is None:
        return Inventory()
    return _Reader(path).inventory()


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`text` with its `${NAME}` references filled in. Misconfigured names a variable that is not set."""

    def value(match: re.Match[str]) -> str:
        if not environ.get(match[1]):
            raise Misconfigured(f"{match[1]} is not set in the environment of the worker, and the inventory needs it")
        return environ[match[1]]

    return REFERENCE.sub(value, text)


def fingerprint(system: System | None) -> str:
    """What tells one state of a system's entry from another; empty for none."""
    return hashlib.sha256(system.model_dump_json().encode()).hexdigest()[:16] if system is not None else ""


def schema() -> dict[str, Any]:
    """The JSON schema of the file, published as docs/inventory.schema.json."""
    made = _File.model_json_schema()
    made["$defs"]["System"]["properties"].pop("name")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


class _Reader:
    """One reading of one file: keeps where each key stands, for the errors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Path_, int] = {}

    def inventory(self) -> Inventory:
        text = self._text()
        try:
            self._refuse_bombs(text)
            node = yaml.compose(text, Loader=yaml.SafeLoader)
            content = {} if node is None else self._plain(node, ())
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise self._wrong(error.problem or "is no YAML", line) from error
        except yaml.YAMLError as error:
            raise self._wrong(str(error).splitlines()[0], 1) from error
        return self._validated(content)

    def _text(self) -> str:
        try:
            if self.path.stat().st_size > LARGEST:
                raise Misconfigured(f"{self.path}: is larger than 1 MiB")
            return self.path.read_text(encoding="utf-8")
        except OSError as error:
            raise Misconfigured(f"{self.path}: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise Misconfigured(f"{self.path}: is not UTF-8") from error

    def _refuse_bombs(self, text: str) -> None:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.AliasEvent):
                raise self._wrong(f"the alias *{event.anchor} is not allowed; write the value out", line)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise self._wrong("is nested too deeply", line)

    def _plain(self, node: yaml.Node, at: Path_) -> Any:
        self.lines.setdefault(at, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return dict(self._pairs(node, at))
        if isinstance(node, yaml.SequenceNode):
            return [self._plain(item, (*at, index)) for index, item in enumerate(node.value)]
        return _scalar(node)

    def _pairs(self, node: yaml.MappingNode, at: Path_) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._wrong("a key must be plain text", line)
            key = str(key_node.value)
            if key in seen:
                raise self._wrong(f"{key} stands here twice", line)
            seen.add(key)
            self.lines[(*at, key)] = line
            yield key, self._plain(value_node, (*at, key))

    def _validated(self, content: Any) -> Inventory:
        if not isinstance(content, dict):
            raise self._wrong("must be a mapping that begins with `systems:`", 1)
        try:
            return Inventory(_File.model_validate(self._with_names(content)).systems)
        except ValidationError as invalid:
            raise self._told(invalid) from None

    def _with_names(self, content: dict[str, Any]) -> dict[str, Any]:
        systems = content.get("systems")
        if systems is None:
            systems = {}
        if not isinstance(systems, dict):
            return content
        for name, entry in systems.items():
            if isinstance(entry, dict) and "name" in entry:
                raise self._wrong(
                    f"systems.{name}.name is no key of the inventory", self.lines["systems", name, "name"]
                )
        named = {name: {**(entry or {}), "name": name} for name, entry in systems.items() if _mapping_or_empty(entry)}
        return {**content, "systems": {**systems, **named}}

    def _told(self, invalid: ValidationError) -> Misconfigured:
        error = invalid.errors()[0]
        at = tuple(part for part in error["loc"] if part != "[key]")
        line = next(self.lines[at[:size]] for size in range(len(at), -1, -1) if at[:size] in self.lines)
        where = ".".join(str(part) for part in at)
        if error["type"] == "extra_forbidden":
            return self._wrong(f"{where} is no key of the inventory{_suggestion(at)}", line)
        text = str(error.get("ctx", {}).get("error", "")) or error["msg"]
        return self._wrong(f"{where}: {text[0].lower()}{text[1:]}", line)

    def _wrong(self, text: str, line: int) -> Misconfigured:
        return Misconfigured(f"{self.path}:{line}: {text}")


def _scalar(node: yaml.Node) -> Any:
    """A scalar as YAML means it, but for dates and the like, which are text to us."""
    match node.tag.removeprefix("tag:yaml.org,2002:"):
        case "null":
            return None
        case "str" | "timestamp" | "int" | "float" | "bool":
            return str(node.value)
        case unknown:
            raise yaml.MarkedYAMLError(problem=f"the tag {unknown} is not allowed", problem_mark=node.start_mark)


def _mapping_or_empty(entry: object) -> bool:
    return entry is None or isinstance(entry, dict)


def _suggestion(at: Sequence[str | int]) -> str:
    models: dict[str, type[BaseModel]] = {"docker": Docker, "sql": Sql, "redis": Redis, "celery": Celery}
    inner = models.get(str(at[2])) if len(at) > 3 else None
    model = _File if len(at) == 1 else inner or System
    known = [name for name in model.model_fields if name != "name"]
    best = process.extractOne(str(at[-1]), known, score_cutoff=50)
    return f"; did you mean {best[0]}?" if best else f" (known: {', '.join(known)})"
