"""The practice workspace: a Slack of one's own, for the first run, the game day and the tests.

It is a real HTTP server. It speaks Slack's Web API to the bot, signs what it sends to the bot, refuses what Slack
refuses, and has a page where people talk and click. The bot cannot tell it from Slack except by the address, which is
why one code path serves practice and production.

    standin = Standin(home, "http://127.0.0.1:8000/slack/events", token=..., signing_secret=..., bot_token=...)
    standin.start()
    print(standin.page_url)
"""

from bot.standin.faults import RESET, TIMEOUT
from bot.standin.installation import Installation
from bot.standin.limits import Pace
from bot.standin.server import Standin

__all__ = ["RESET", "TIMEOUT", "Installation", "Pace", "Standin"]
