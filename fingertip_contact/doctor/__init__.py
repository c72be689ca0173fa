"""What keeps this machine from reading typing, and what to do about it."""
