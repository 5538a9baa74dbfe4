"""How good labels are on many images: the figures of labels.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from cytally.metrics.counting import bias, total_relative_error
from cytally.metrics.objects import ObjectCounts

DEVELOPED, OTHERS = "developed on", "the others"


@dataclass(frozen=True)
class Scored:
    """What labelling made of one image: its objects beside the true ones, and why it is refused, if so."""

    name: str
    counts: ObjectCounts
    refused: str | None = None


def halves(names: Sequence[str]) -> dict[str, list[str]]:
    """The images that `auto` was developed on, every other one of the sorted names, and those that it had not seen.

    Examples
    --------
    >>> halves(["c", "a", "b"])
    {'developed on': ['a', 'c'], 'the others': ['b']}
    """
    ordered = sorted(names)
    return {DEVELOPED: ordered[::2], OTHERS: ordered[1::2]}


def figures(scored: Sequence[Scored]) -> dict[str, float]:
    """Figures of a set of images; of those that are refused as well, since their labels are written all the same.

    `ap50` and `f1_50` are of all objects put together, `ap50_per_image` is the mean over images (one without any true
    or found object has 1). Both count errors are fractions of all true nuclei: `total_relative_error` adds up what
    each image is wrong by, `bias_over_mean` is the size of the mean error over the mean count, in which too many here
    make up for too few there.

    Examples
    --------
    >>> one = ObjectCounts(true=4, predicted=5, paired=(4,) * 10)
    >>> other = ObjectCounts(true=6, predicted=3, paired=(3,) * 10)
    >>> found = figures([Scored("a", one), Scored("b", other, "it is empty")])
    >>> round(found["total_relative_error"], 2), round(found["bias_over_mean"], 2), round(found["ap50_per_image"], 2)
    (0.4, 0.2, 0.65)
    """
    pooled = sum((each.counts for each in scored), ObjectCounts())
    true, found = ([float(getattr(each.counts, side)) for each in scored] for side in ("true", "predicted"))
    total, mean_error = total_relative_error(true, found), bias(true, found)
    assert total is not None and mean_error is not None  # a data set has nuclei
    each_image = [each.counts.metrics()["ap50"] for each in scored]
    return {
        "images": len(scored),
        "nuclei": pooled.true,
        "found": pooled.predicted,
        "ap50": pooled.metrics()["ap50"],
        "ap50_per_image": fmean(each_image),
        "f1_50": pooled.metrics()["f1_50"],
        "total_relative_error": total,
        "bias_over_mean": abs(mean_error) / fmean(true),
        "refused": sum(each.refused is not None for each in scored),
    }
