"""Real nodes against faults: rows of a table, and messages and files that are mutated by chance."""
