"""Images: finding, reading, preparing and writing them."""

from cytally.images.image import Image, Plane
from cytally.images.read import read

__all__ = ["Image", "Plane", "read"]
