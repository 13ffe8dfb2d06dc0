"""`celery inspect ...` and `celery status` through the control interface of the application's broker."""

from __future__ import annotations

from collections.abc import Sequence

from runbooks.document import Call
from runbooks.translate._options import known, read, words

VERBS = ("celery",)

_GLOBAL = known(switches="", valued="-A --app -b --broker", ignored="-q --quiet --no-color -C", stop=True)
_INSPECT = known(switches="", valued="", ignored="-j --json", ignored_valued="-t --timeout")
INSPECTIONS = words("ping stats active reserved scheduled registered active_queues revoked report conf clock memsample")


def calls(argv: Sequence[str]) -> tuple[Call, ...]:
    """What `argv` asks of the workers, or nothing: whatever is no inspection."""
    options = read(argv[1:], _GLOBAL)
    if options is None or not options.operands:
        return ()
    verb, *rest = options.operands
    further = read(rest, known("", "-A --app", ignored="-j --json", ignored_valued="-t --timeout"))
    if further is None:
        return ()
    asked = further.operands
    app = options.last("-A", "--app") or further.last("-A", "--app")
    if verb == "status" and not asked:
        return _call(app, "ping")
    if verb == "inspect" and len(asked) == 1 and asked[0] in INSPECTIONS:
        return _call(app, asked[0])
    return ()


def _call(app: str | None, command: str) -> tuple[Call, ...]:
    return (Call("celery", {"app": app, "command": command, "service": None}),)
