"""Kontor's tests. Names are sentences; folders mirror the source."""
