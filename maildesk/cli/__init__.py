"""The command line, one small module per group, loaded when it is called."""
