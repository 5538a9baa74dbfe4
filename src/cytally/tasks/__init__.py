"""What each command does, as one function that a user may import."""
