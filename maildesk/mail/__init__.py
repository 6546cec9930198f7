"""The wire: bytes to domain values and back. Knows the RFCs, knows no database."""
