"""Measurements of Kontor; see README.md."""
