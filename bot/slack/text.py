"""Text on its way to and from Slack: foreign text is shown as it is, and neither pings, links nor hides anything.

Slack gives `&`, `<` and `>` a meaning in every mrkdwn text, and links bare `@here` and URLs in blocks unless told
`verbatim`. So foreign text goes into plain or rich text, where nothing is parsed, or through `escape`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

Block = dict[str, Any]

HEADER, SECTION, BUTTON, VALUE = 150, 3000, 75, 2000
"""Slack's limits, in characters."""

NOTHING = "(no text)"
_BLANKS = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
"""Characters that Unicode does not call formatting and that are invisible all the same."""

_LINK = re.compile(
    r"<(?:(?P<sign>[@#!])(?P<name>[\w^-]+)|(?P<url>[a-zA-Z][a-zA-Z0-9+.-]*:[^<>|]*))(?:\|(?P<label>[^<>]*))?>"
)
_PERSON = re.compile(r"[UW][A-Z0-9]{3,20}")
_MENTIONED = re.compile(r"\b[UW][0-9][A-Z0-9]{2,20}\b")
_SMART = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "\u00a0": " "})


def escape(text: str) -> str:
    """For mrkdwn and top-level text: what would be markup becomes the characters themselves."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def visible(text: str) -> str:
    """The text with every control, zero-width and direction-changing character written out."""
    text = text.replace("\r\n", "\n")
    return "".join(_shown(text, index) for index in range(len(text)))


def one_line(text: str) -> str:
    return visible(" ".join(text.split()))


def size(text: str) -> int:
    """Length as Slack may count it: in UTF-16 units, which is never less than in characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """The text, or its beginning and an ellipsis. Never longer than `limit`, even when it is escaped afterwards."""
    if size(escape(text)) <= limit:
        return text
    kept, used = [], 1
    for character in text:
        used += size(escape(character))
        if used > limit:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def head_and_tail(text: str, limit: int) -> str:
    """A long output's beginning and end, which is where the cause usually stands."""
    if size(text) <= limit:
        return text
    head = limit // 3
    tail = limit - head - 40
    left_out = len(text) - head - tail
    return f"{text[:head].rstrip()}\n[… {left_out} characters left out …]\n{text[-tail:].lstrip()}"


def typed(text: str) -> str:
    """What a person typed behind a slash command, as plain text: entities undone, Slack's own markup read back."""
    read = _LINK.sub(_unlinked, text)
    return read.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def straight(text: str) -> str:
    """The text with typographic quotes and hard spaces as a keyboard would make them."""
    return text.translate(_SMART)


def who(actor: str | None) -> str:
    """A person or part of the system, for mrkdwn text: a mention for a Slack user, words for all others."""
    if not actor:
        return "nobody"
    if _PERSON.fullmatch(actor):
        return f"<@{actor}>"
    origin, _, name = actor.partition(":")
    return escape(clip(one_line(f"{name} ({origin})" if name else actor), 80)) or "somebody"


def with_mentions(text: str) -> str:
    """Escaped text in which user ids are mentions. For private answers only: elsewhere a label could ping."""
    return _MENTIONED.sub(lambda found: f"<@{found[0]}>", escape(visible(text)))


def moment(at: datetime, form: str = "{date_short_pretty} {time}") -> str:
    """A time for mrkdwn text, shown in each reader's own zone."""
    return f"<!date^{int(at.timestamp())}^{form}|{plain_time(at)}>"


def plain_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def lasted(seconds: float) -> str:
    """A duration in words."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": clip(one_line(text) or NOTHING, limit), "emoji": False}


def mrkdwn(text: str) -> Block:
    """A text object for what is already escaped and short enough."""
    return {"type": "mrkdwn", "text": text or NOTHING, "verbatim": True}


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text, HEADER)}


def section(text: str) -> Block:
    return {"type": "section", "text": mrkdwn(text)}


def context(text: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(text)]}


def rich(*elements: Block) -> Block:
    """A block whose text nobody parses."""
    return {"type": "rich_text", "elements": list(elements)}


def words(text: str, *, bold: bool = False, code: bool = False, limit: int = SECTION) -> Block:
    """A run of foreign text inside a rich text section."""
    style = {name: True for name, on in (("bold", bold), ("code", code)) if on}
    part: Block = {"type": "text", "text": clip(visible(text) or NOTHING, limit)}
    return part | ({"style": style} if style else {})


MOST_PIECES = 20
"""Runs that one text may be cut into: each costs some forty characters of a message's room."""


def quoted(text: str, *, limit: int = SECTION) -> list[Block]:
    """Foreign text as runs of words, what stands between backticks as code."""
    shown = clip(visible(text) or NOTHING, limit)
    pieces = shown.split("`")
    if len(pieces) % 2 == 0 or len(pieces) > MOST_PIECES:  # a backtick too many is no mark
        return [words(shown, limit=limit)]
    return [words(piece, code=index % 2 == 1) for index, piece in enumerate(pieces) if piece] or [words(NOTHING)]


def line(*parts: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(parts)}


def bullets(lines: Sequence[Block]) -> Block:
    return {"type": "rich_text_list", "style": "bullet", "elements": list(lines)}


def preformatted(text: str, limit: int = SECTION) -> Block:
    shown = head_and_tail(visible(text), limit).strip("\n")
    return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": shown or NOTHING}]}


def link(url: str) -> Block | None:
    """A link to a foreign address, labelled with its host so that it cannot pass for another. None if it is none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host or size(url) > SECTION or visible(url) != url or " " in url:
        return None
    return {"type": "link", "url": url, "text": clip(host, BUTTON)}


def button(label: str, action: str, value: str, style: str | None = None, confirm: Block | None = None) -> Block:
    made: Block = {"type": "button", "action_id": action, "text": plain(label, BUTTON), "value": value}
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = confirm
    return made


def confirmation(title: str, text: str, yes: str) -> Block:
    """What Slack asks before it sends a click."""
    return {
        "title": plain(title, 100),
        "text": plain(text, 300),
        "confirm": plain(yes, 30),
        "deny": plain("Go back", 30),
    }


def _shown(text: str, index: int) -> str:
    character = text[index]
    if character in "\n\t" or (character == "\u200d" and _joins(text, index)):
        return character
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category == "Cc":
        return f"\\x{ord(character):02x}"
    if category in ("Cf", "Zl", "Zp") or character in _BLANKS:
        return f"[U+{ord(character):04X}]"
    return character


def _joins(text: str, index: int) -> bool:
    """Whether a zero-width joiner stands between two emoji, where it belongs."""
    around = (text[index - 1 : index], text[index + 1 : index + 2])
    return all(side and unicodedata.category(side) in ("So", "Sk", "Mn") for side in around)


def _unlinked(found: re.Match[str]) -> str:
    label = found["label"]
    if found["sign"] == "@" and not label:
        return found["name"]
    if found["sign"]:
        return f"{'#' if found['sign'] == '#' else '@'}{label or found['name']}"
    return label if label and found["url"].endswith(label) else found["url"]
