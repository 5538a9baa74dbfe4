"""What others are compared with: classical image processing, and a network for natural images."""
