"""What to label next: where a model is unsure, and which images are unlike those that are known."""
