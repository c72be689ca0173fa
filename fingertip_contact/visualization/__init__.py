"""What a person looks at: the overlay and its video."""
