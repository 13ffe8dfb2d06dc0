"""The pages: the list of incidents, the timeline of one, and its post-mortem."""
