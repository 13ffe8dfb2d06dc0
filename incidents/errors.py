"""Every exception Midwatch raises on purpose.

MidwatchError
├── Misconfigured        a setting, the inventory or a runbook is wrong; the text names it (exit code 2)
├── Rejected             a webhook, click or command that cannot be taken as sent; the text says why in one line
├── NotFound             an id that names nothing
└── StoreUnavailable     the database could not commit; nothing was kept, the sender should try again
"""


class MidwatchError(Exception):
    """Base of all errors whose text is fit to be shown to a person."""


class Misconfigured(MidwatchError):
    """A setting, the inventory or a document is wrong. The message names the variable or the file and line."""


class Rejected(MidwatchError):
    """Input that cannot be taken as sent. The message is one line that says why."""


class NotFound(MidwatchError):
    """An id that names no row, procedure or document."""


class StoreUnavailable(MidwatchError):
    """The database could not commit, so nothing of the request was kept."""
