"""Images larger than memory: opened lazily, counted region by region."""
