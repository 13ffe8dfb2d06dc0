"""Small pieces to describe JSON with, so that what Slack refuses reads like its reference page.

A shape is a function that looks at one value and reports what is wrong with it, in Slack's words and with the JSON
pointer of the place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Report:
    """What was found wrong, in order."""

    errors: list[str] = field(default_factory=list)

    def add(self, text: str, pointer: str) -> None:
        """Note one fault."""
        self.errors.append(f"{text} [json-pointer:{pointer}]")


Shape = Callable[[Any, str, Report], None]


def string(least: int = 0, most: int | None = None, one_of: Collection[str] | None = None) -> Shape:
    """Text of `least` to `most` characters."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add("must provide a string", pointer)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", pointer)
        elif most is not None and len(value) > most:
            report.add(f"must be less than {most + 1} characters", pointer)
        elif one_of is not None and value not in one_of:
            report.add(f"must be one of the following values: {', '.join(one_of)}", pointer)

    return check


def boolean(value: Any, pointer: str, report: Report) -> None:
    """True or false."""
    if not isinstance(value, bool):
        report.add("must provide a boolean", pointer)


def integer(least: int | None = None, most: int | None = None) -> Shape:
    """A whole number from `least` to `most`."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            report.add("must provide an integer", pointer)
        elif least is not None and value < least:
            report.add(f"must be greater than or equal to {least}", pointer)
        elif most is not None and value > most:
            report.add(f"must be less than or equal to {most}", pointer)

    return check


def array(item: Shape, least: int = 0, most: int | None = None) -> Shape:
    """A list of `least` to `most` items."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add("must provide an array", pointer)
            return
        if len(value) < least:
            report.add(f"no fewer than {least} items allowed", pointer)
        if most is not None and len(value) > most:
            report.add(f"no more than {most} items allowed", pointer)
            return
        for index, each in enumerate(value):
            item(each, f"{pointer}/{index}", report)

    return check


def record(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None, closed: bool = True) -> Shape:
    """An object with these fields and, when `closed`, no others."""
    known = {**required, **(optional or {})}

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must provide an object", pointer)
            return
        for name in required:
            if name not in value:
                report.add(f"missing required field: {name}", pointer)
        for name, each in value.items():
            if name in known:
                known[name](each, f"{pointer}/{name}", report)
            elif closed:
                report.add(f"invalid additional property: {name}", pointer)

    return check


def typed(shapes: Mapping[str, Shape]) -> Shape:
    """An object whose `type` says which of the shapes it must have."""

    def check(value: Any, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must provide an object", pointer)
        elif "type" not in value:
            report.add("missing required field: type", pointer)
        elif not isinstance(value["type"], str) or value["type"] not in shapes:
            report.add(f"unsupported type: {value['type']}", f"{pointer}/type")
        else:
            shapes[value["type"]](value, pointer, report)

    return check


def both(*shapes: Shape) -> Shape:
    """Every one of the shapes."""

    def check(value: Any, pointer: str, report: Report) -> None:
        for shape in shapes:
            shape(value, pointer, report)

    return check


def anything(value: Any, pointer: str, report: Report) -> None:
    """Whatever it is."""
