"""The pure core: what a complaint is and what follows from a message. No I/O, no clock, no randomness."""
