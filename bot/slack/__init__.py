"""How Midwatch stands in Slack: the door, the app, its commands and buttons, and the messages as pure functions."""
