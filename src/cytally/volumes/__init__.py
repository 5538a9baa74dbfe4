"""Pure functions on volumes (Z, Y, X): what a slice knows of its neighbours, and objects from slice to slice."""
