"""Staff pages of the books beside journal and entry: accounts, months, manual entries, openings, seals."""
