"""Carries the demo range into the database. Each step may be repeated: what is there is kept or brought up to date."""
