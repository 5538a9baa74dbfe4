"""Images of the same cells over time: shifts undone, growth fitted, cells followed. Pure functions on arrays."""
