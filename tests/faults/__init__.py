"""`make faults`: maildesk is broken from the outside, and what came of it is counted outside of it."""
