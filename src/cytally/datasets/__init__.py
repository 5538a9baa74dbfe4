"""Folders of annotated images: reading them, splitting them, and varying what a network is shown of them."""
