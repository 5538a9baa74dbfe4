"""The options measured against `examples/density.yaml`, by name: what each changes, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One change to the configuration.

    Parameters
    ----------
    about
        What it is, for the table.
    settings
        `key=value` settings on top of the configuration.
    """

    about: str
    settings: tuple[str, ...] = ()


VARIANTS = {
    "none": Variant("`examples/density.yaml`, nothing changed"),
    "paper-width": Variant("the paper's 32, 64, 128, 256 filters", ("options.channels=[32,64,128,256]",)),
    "sigma-6": Variant("σ of 6 pixels as in the paper, not by the cells' spacing", ("options.sigma=6",)),
    "foreground": Variant(
        "brightness estimated for each image, in place of the number type's range", ("input.normalisation=foreground",)
    ),
    "l1": Variant("l1 per pixel in place of l2", ("options.loss=l1",)),
    "no-count-term": Variant("without the patch-count term", ("options.count_weight=0",)),
    "group-norm": Variant("group norm in place of batch norm", ("options.normalisation=group",)),
    "no-averaging": Variant("without averaged weights", ("training.averaging=0",)),
    "no-freezing": Variant(
        "batch norm's statistics never frozen, in place of from half the run on",
        ("training.freeze_statistics_after=null",),
    ),
    "deep-supervision": Variant(
        "deep supervision on the coarser scales, weight 0.3", ("options.deep_supervision=0.3",)
    ),
    "redundant": Variant(
        "redundant counting: each cell spread over a 32-pixel square, l1 (Count-ception)",
        ("options.kernel=square", "options.sigma=9.24", "options.loss=l1"),
    ),
    "anisotropic": Variant("anisotropic Gaussians from the label images", ("options.kernel=object",)),
    "small-crops": Variant(
        "crops of 128, eight to a step, in place of 256, two to a step",
        ("training.crop=128", "training.batch_size=8"),
    ),
    "whole-images": Variant("whole images in place of crops", ("training.crop=null",)),
    "mosaic": Variant("every second crop a mosaic of four", ("augmentation.mosaic=0.5",)),
}
