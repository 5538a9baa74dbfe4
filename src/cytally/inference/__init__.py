"""Running a trained network over a whole image: tiles and back ends."""
