#!/usr/bin/env python
"""Kontor's command line."""

import os
import sys


def main() -> None:
    """Run a management command with Kontor's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
