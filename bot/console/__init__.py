"""The commands of `midwatch`, grouped as people look for them. Heavy imports stand inside the functions."""
