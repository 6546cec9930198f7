"""What the organisation learns: indicators and the digest."""
