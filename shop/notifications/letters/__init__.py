"""What each mail says. Functions return a Letter; the language must be active (translation.override)."""
