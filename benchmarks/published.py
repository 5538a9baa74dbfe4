"""Published errors on the counting benchmarks and SEG on the challenge's volumes, with their sources, and our aims."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A published mean absolute error: of which method, and by whom."""

    mae: float
    method: str
    source: str


@dataclass(frozen=True)
class Row:
    """A row of the benchmark that shall be there, measured or not.

    Parameters
    ----------
    set, train, annotation
        As the options of counting.py.
    pretrained
        Whether the network has first seen drawn cells; None where either will do.
    published
        What others reached with as many training images.
    aim
        Mean absolute error to reach.
    """

    set: str
    train: int
    annotation: str = "points"
    pretrained: bool | None = False
    published: tuple[Figure, ...] = ()
    aim: float | None = None

    def fits(self, set: str, train: int, annotation: str, pretrained: bool) -> bool:
        """Whether a result is one of this row."""
        same = (self.set, self.train, self.annotation) == (set, train, annotation)
        return same and self.pretrained in {None, pretrained}


FCRN = Figure(2.9, "FCRN", "Xie et al. 2018")
COUNT_CEPTION = "Cohen et al. 2017"

ROWS = (
    Row("vgg", 64, published=(FCRN,), aim=2.3),
    Row("vgg", 50, published=(Figure(2.3, "Count-ception", COUNT_CEPTION),), aim=2.4),
    Row("vgg", 32, published=(FCRN, Figure(2.4, "Count-ception", COUNT_CEPTION)), aim=2.8),
    Row("vgg", 10, pretrained=True, aim=5),
    Row("vgg", 64, "counts", pretrained=None, aim=6),
    Row(
        "mbm",
        15,
        published=(Figure(8.8, "Count-ception", COUNT_CEPTION), Figure(5.7, "SAU-Net", "Guo et al. 2021")),
        aim=7.5,
    ),
)

MINUTES, PRETRAINING_MINUTES = 30.0, 10.0
"""Budgets in the command of a row that nobody has run: three draws in less than two hours on two cores."""

OPTIONS_ON = {"anisotropic": ("dsb", 64)}
"""Where an option is measured that nobody has run, if not on `OPTIONS_ELSE`: it needs label images."""
OPTIONS_ELSE = ("vgg", 32)


@dataclass(frozen=True)
class Segmentation:
    """A published SEG on the test images of a data set of the Cell Tracking Challenge, by the state of April 2022."""

    data: str
    method: str
    seg: float
    millions: float
    """Parameters."""

    @property
    def peseg(self) -> float:
        """SEG per million parameters, as cytally.metrics.segmentation has it.

        Examples
        --------
        >>> round(Segmentation("data", "method", 0.6, 12.0).peseg, 6)
        0.05
        """
        return self.seg / self.millions


EFFICIENT_CELL_SEG = "EfficientCellSeg"
SEGMENTATIONS = {
    "mda231": (
        Segmentation("Fluo-C3DL-MDA231", EFFICIENT_CELL_SEG, 0.646, 13.4),
        Segmentation("Fluo-C3DL-MDA231", "KIT-Sch-GE", 0.710, 46.4),
    ),
    "tric": (
        Segmentation("Fluo-N3DL-TRIC", EFFICIENT_CELL_SEG, 0.782, 6.7),
        Segmentation("Fluo-N3DL-TRIC", "KIT-Sch-GE", 0.821, 46.4),
    ),
    "a549-sim": (
        Segmentation("Fluo-C3DH-A549-SIM", EFFICIENT_CELL_SEG, 0.951, 6.7),
        Segmentation("Fluo-C3DH-A549-SIM", "DKFZ-GE", 0.955, 176.0),
    ),
}
"""By the kind of drawn volumes that is like the data set; ours, and the best of that time."""
