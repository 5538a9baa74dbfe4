"""How far a count can be trusted: what is unusual about an image."""
