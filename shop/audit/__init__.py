"""The access log: who looked at whose data, who changed it, and what was taken away as a file. Append-only."""
