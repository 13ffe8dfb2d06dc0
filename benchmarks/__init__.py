"""How fast, how light: each figure beside a floor that was measured in the same run. `python -m benchmarks [name...]`.

One file, one figure (or a few that belong together), found by scanning: a module with `measure()`. Nothing here is a
test, since a time-limit in a test fails on a busy machine; what counts is the ratio to the floor.
"""
