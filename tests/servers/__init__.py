"""Private servers for the tests: free loopback ports, folders of their own, stopped by their own pid."""
