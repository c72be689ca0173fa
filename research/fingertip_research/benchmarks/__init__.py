"""Speed of each stage, against a named baseline in the same run."""
