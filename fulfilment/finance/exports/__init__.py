"""What leaves the books as files for others."""
