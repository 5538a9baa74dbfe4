"""From maps to things: pure functions that read cells out of what a network says."""
