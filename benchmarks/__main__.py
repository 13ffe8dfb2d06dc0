"""`python -m benchmarks [name...]`: run all benchmarks, or those named, and print a line for each figure."""

from __future__ import annotations

import importlib
import os
import pkgutil
import platform
import sys
import time
from types import ModuleType

import benchmarks


def found() -> dict[str, ModuleType]:
    """Every benchmark by name."""
    names = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")]
    modules = {name: importlib.import_module(f"benchmarks.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "measure")}


def main(names: list[str]) -> int:
    known = found()
    strange = [name for name in names if name not in known]
    if strange:
        print(f"no benchmark is called {strange[0]}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}, load {load:.1f}")
    print("figure | floor measured in the same run | ratio | goal")
    for name in names or known:
        for figure in known[name].measure():
            print(figure.line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
