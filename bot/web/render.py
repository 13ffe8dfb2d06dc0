"""Templates to HTML. Everything is escaped; nothing inline, since the policy of the pages forbids it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from bot.web import words

STATIC: Mapping[str, str] = {
    "midwatch.css": "text/css; charset=utf-8",
    "live.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def static(name: str) -> bytes:
    """A file that the pages refer to. KeyError when it is none of those."""
    STATIC[name]
    return files("bot.web").joinpath("static", name).read_bytes()


@cache
def _digest(name: str) -> str:
    return hashlib.sha256(static(name)).hexdigest()[:12]


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("bot.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"clock": words.clock_time, "day": words.day_time, "span": words.span, "actor": words.actor_named}
    made.globals |= {"words": words, "digest": _digest}
    return made


def page(template: str, root: str, now: datetime, **values: Any) -> str:
    """One page. `root` is the path below which a proxy shows us."""
    return environment().get_template(template).render(root=root, now=now, **values)


def html_of(markdown: str) -> Markup:
    """Markdown as HTML, for text of ours that holds text of others: raw HTML is shown, images are not fetched."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    rendered = reader.render(markdown)
    for box, sign in (("[ ]", "☐"), ("[x]", "☑")):
        rendered = rendered.replace(f"<li>{box} ", f'<li class="task">{sign} ')
    rendered = rendered.replace("<p>TODO: ", '<p class="todo">TODO: ')
    return Markup(rendered.replace("<a href=", '<a rel="noreferrer noopener" href='))  # noqa: S704 - escaped above
