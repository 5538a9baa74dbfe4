"""What to label next: which images stand for many others, where a model is unsure, and what is known already."""
