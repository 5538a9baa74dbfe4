"""Pure functions on arrays that say how good a result is, each citing its formula."""
