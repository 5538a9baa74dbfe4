"""A trained method that counts, and the folders it is kept in."""
