"""Bank accounts and their statements: what the bank says, before anybody says what it was for."""
