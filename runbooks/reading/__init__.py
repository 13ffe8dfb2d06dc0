"""How a Markdown document is taken apart, from bytes to procedures. `runbooks.parse` is the door to all of it."""
