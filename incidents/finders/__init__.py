"""Finders of secrets, one module a way of knowing them. Each has `spans(text, lower)`: where it sees secrets.

`lower` is the text with its ASCII letters made small, position by position. A finder looks for a literal first and
bounds what it reads around it, so that its time grows with the text and nothing else.
"""
