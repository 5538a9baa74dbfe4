"""How well whole objects are outlined: SEG and DET of the Cell Tracking Challenge, and the mean IoU of two classes.

**When a reference object is found.** A result object S is the match of a reference object R when it covers more than
half of it, |R ∩ S| > |R| / 2. Strictly more: of two results that cover half each, neither is the match, so that a
reference has one match or none, while one result can be the match of several references that it merges.

**SEG** (Maška et al. 2014) is the mean over all reference objects of the Jaccard index |R ∩ S| / |R ∪ S| with their
match, 0 where there is none.

**DET** (Matula et al. 2015, with the challenge's weights) is what correcting the detections costs, beside making them
all from nothing: ``DET = 1 - min(AOGM-D, AOGM-D0) / AOGM-D0`` with ``AOGM-D = 5 NS + 10 FN + 1 FP`` and
``AOGM-D0 = 10 × references``. FN are references without a match, FP results that are nobody's match, and NS the splits
that merged results need: a result that is the match of k references needs k - 1.

Figures of several images or volumes are worked out from all of their objects put together: add up their
`SegmentationCounts`. Each object weighs the same then, as in the challenge.

References
----------
Maška M. et al. (2014). A benchmark for comparison of cell tracking algorithms. Bioinformatics 30(11).
Matula P. et al. (2015). Cell tracking accuracy measurement based on comparison of acyclic oriented graphs. PLoS ONE
10(12), Table 1.
Wagner R., Rohr K. (2022). EfficientCellSeg: efficient volumetric cell segmentation using context aware pseudocoloring.
MIDL 2022.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.metrics.overlap import Overlap, overlap
from cytally.metrics.pixels import PixelCounts, share

Labels = NDArray[np.integer[Any]]

SPLIT, MISSING, FALSE = 5, 10, 1
"""What the challenge charges for a split, a missing and a false detection."""


@dataclass(frozen=True)
class SegmentationCounts:
    """Numbers of objects and voxels, of one image or volume or, added up, of many.

    Parameters
    ----------
    references
        Reference objects that SEG speaks of.
    jaccard
        Sum of the Jaccard indices of those that have a match.
    nodes
        Reference objects that DET speaks of: those of images that are annotated as a whole.
    splits, missing, false
        What would have to be corrected among the detections: NS, FN and FP.
    voxels
        Foreground and background of both sides.
    """

    references: int = 0
    jaccard: float = 0.0
    nodes: int = 0
    splits: int = 0
    missing: int = 0
    false: int = 0
    voxels: PixelCounts = field(default_factory=PixelCounts)

    def __add__(self, other: SegmentationCounts) -> SegmentationCounts:
        """The objects and voxels of both put together."""
        return SegmentationCounts(
            self.references + other.references,
            self.jaccard + other.jaccard,
            self.nodes + other.nodes,
            self.splits + other.splits,
            self.missing + other.missing,
            self.false + other.false,
            self.voxels + other.voxels,
        )

    def metrics(self, parameters: int | None = None) -> dict[str, float]:
        """The block `segmentation` of metrics.json.

        - ``seg`` and ``det`` from 0 to 1, as the module says.
        - ``mean_iou``, the mean of ``TP/(TP+FP+FN)`` of the foreground and ``TN/(TN+FP+FN)`` of the background, over
          all voxels put together. A class that neither side has is agreed on, and counts as 1.
        - ``peseg = seg / (parameters / 1,000,000)``: what a million parameters give. This is our reading of the
          "parameter efficiency of SEG" that Wagner & Rohr (2022) tabulate; read it as a way of ordering networks of
          about the same SEG, since an empty network would beat all by it.
        - ``parameters``, as told.

        What an equation leaves undefined is left out: ``seg``, ``peseg`` and ``det`` where there is no reference
        object, however many false ones were found; ``det`` where no image is annotated as a whole; ``mean_iou`` without
        any voxel; ``peseg`` for a method without parameters.

        Parameters
        ----------
        parameters
            How many numbers the network learns. None leaves out `peseg` and `parameters`.

        Examples
        --------
        Of four references one is missed, and two are a single object in the result:

        >>> counts = SegmentationCounts(references=4, jaccard=1.5, nodes=4, splits=1, missing=1)
        >>> figures = counts.metrics(500_000)
        >>> figures["seg"], figures["det"], figures["peseg"]
        (0.375, 0.625, 0.75)
        >>> SegmentationCounts(false=3).metrics()
        {}
        """
        figures: dict[str, float] = {}
        if self.references:
            figures["seg"] = self.jaccard / self.references
        if self.nodes:
            cost = SPLIT * self.splits + MISSING * self.missing + FALSE * self.false
            figures["det"] = 1 - min(1.0, cost / (MISSING * self.nodes))
        wrong = self.voxels.false + self.voxels.missed
        if self.voxels.hit + self.voxels.background + wrong:
            classes = (self.voxels.hit, self.voxels.background)
            figures["mean_iou"] = sum(share(right, right + wrong, empty=True) for right in classes) / 2
        if parameters is not None:
            if self.references and parameters:
                figures["peseg"] = figures["seg"] / (parameters / 1e6)
            figures["parameters"] = parameters
        return figures


def segmentation_counts(true: Labels, predicted: Labels, *, whole: bool = True) -> SegmentationCounts:
    """Compare two label images or volumes.

    Parameters
    ----------
    true, predicted
        Labels (Y, X) or (Z, Y, X) of the same shape: 0 is background, every other number an object, in one piece or in
        several. They may be memory-mapped: they are read once, piece by piece.
    whole
        Whether `true` holds all objects of the image. Where only single slices of a volume are annotated, give these
        slices one by one and False: they count towards SEG and the mean IoU, each cut through an object being a
        reference object, as the challenge has it; DET needs whole volumes.

    Raises
    ------
    ValueError
        When shapes differ, an array does not hold labels, or a label is negative.

    Examples
    --------
    Object 1 is covered by 3 of its 4 pixels, and the result has 1 more; object 2 is covered by just a half, so missed:

    >>> true = np.array([[1, 1, 1, 1, 0, 2, 2]])
    >>> counts = segmentation_counts(true, np.array([[0, 5, 5, 5, 5, 6, 0]]))
    >>> counts.references, counts.jaccard, counts.missing, counts.false
    (2, 0.6, 1, 1)
    """
    table = overlap(true, predicted)
    found = _found(table)
    hit = int(table.shared.sum())
    false, missed = int(table.predicted_areas.sum()) - hit, int(table.true_areas.sum()) - hit
    return SegmentationCounts(
        references=len(table.true),
        jaccard=float(table.ious[found].sum()),
        voxels=PixelCounts(hit, false, missed, true.size - hit - false - missed),
    ) + (_detections(table, found) if whole else SegmentationCounts())


def detection_counts(true: Labels, predicted: Labels) -> SegmentationCounts:
    """Count for DET alone, as where the true objects are markers and not outlines; as `segmentation_counts` else.

    Examples
    --------
    Two markers in one result object must be split:

    >>> detection_counts(np.array([[1, 0, 2, 0]]), np.array([[7, 7, 7, 7]]))  # doctest: +ELLIPSIS
    SegmentationCounts(references=0, jaccard=0.0, nodes=2, splits=1, missing=0, false=0, ...)
    """
    table = overlap(true, predicted)
    return _detections(table, _found(table))


def _found(table: Overlap) -> NDArray[np.bool_]:
    """Which overlaps cover more than half of the reference object (K,)."""
    found: NDArray[np.bool_] = 2 * table.shared > table.true_areas[table.rows]
    return found


def _detections(table: Overlap, found: NDArray[np.bool_]) -> SegmentationCounts:
    matches, used = int(found.sum()), len(np.unique(table.columns[found]))
    return SegmentationCounts(
        nodes=len(table.true),
        splits=matches - used,
        missing=len(table.true) - matches,
        false=len(table.predicted) - used,
    )
