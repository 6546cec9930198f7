"""The steps of the schema, as SQL for each dialect; they only add."""
