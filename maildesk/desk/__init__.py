"""What the daemon does, one module per loop."""
