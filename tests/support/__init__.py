"""What the tests stand on: databases from templates, guards, a running Kontor, a browser."""
