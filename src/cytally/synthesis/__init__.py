"""Drawn microscopy images whose cells are known exactly: for training, demonstrations and tests."""
