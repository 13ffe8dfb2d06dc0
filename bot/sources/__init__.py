"""Alert sources, one module each, found by scanning this folder.

A module's name, with dashes for underscores, is the name in `POST /webhooks/<name>`. It offers

    NAME: str
    EXAMPLE: bytes                                    a real payload: documentation, demo and contract test in one
    def parse(body, headers, now) -> Delivery         pure; raises Rejected with one line and nothing else
    def authentic(raw, headers, secret) -> bool       optional: the source's own signature over the raw body

`headers` have lower-case names. Modules that begin with an underscore are not sources.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, Protocol, cast

from incidents.alert import Delivery
from incidents.errors import NotFound


class Source(Protocol):
    """What a source module offers."""

    NAME: str
    EXAMPLE: bytes

    def parse(self, body: Any, headers: Mapping[str, str], now: datetime) -> Delivery: ...


@cache
def sources() -> Mapping[str, str]:
    """Name of every source and the module that holds it."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return {name.replace("_", "-"): f"{__name__}.{name}" for name in found if not name.startswith("_")}


def source_named(name: str) -> Source:
    """The source of this name, imported when first needed. NotFound when there is none."""
    module = sources().get(name)
    if module is None:
        raise NotFound(f"there is no alert source called {name!a}; there are {', '.join(sorted(sources()))}")
    return cast(Source, importlib.import_module(module))


def is_signed(source: Source, raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether the body carries the source's own valid signature. False for a source that has none."""
    check = getattr(source, "authentic", None)
    return bool(check is not None and check(raw, headers, secret))
