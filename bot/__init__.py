"""How Midwatch talks: Slack, webhooks, web pages, the command line."""
