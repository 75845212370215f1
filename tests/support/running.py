"""Fixtures that need more than Python: filled below by what this machine has."""
