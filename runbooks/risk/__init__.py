"""What is known about command-line tools: one module per family, found by scanning this folder.

A family offers `TOOLS`, a mapping of command names to judges: functions from an `Invocation` to a `Verdict`. Most are
made from data by `_options.Verbs` and `_options.reader`. Modules with a leading underscore are not families.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from runbooks.risk._verdict import Arg, Edit, Invocation, Judge, Verdict, edited, worst

__all__ = ["Arg", "Edit", "Invocation", "Judge", "Verdict", "edited", "families", "tools", "worst"]


@cache
def families() -> tuple[str, ...]:
    """Names of the family modules."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


@cache
def tools() -> Mapping[str, Judge]:
    """Every known command name and its judge. A name that two families claim is an error of ours."""
    found: dict[str, Judge] = {}
    for name in families():
        module = importlib.import_module(f"{__name__}.{name}")
        for tool, judge in module.TOOLS.items():
            if tool in found:
                raise ValueError(f"two families know {tool}")
            found[tool] = judge
    return found
