"""The embedded servers and the day that the demo plays."""
