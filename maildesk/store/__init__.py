"""The database. The only package that imports tortoise."""
