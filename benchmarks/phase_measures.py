"""What is measured of the nuclei that were found in one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.metrics.objects import object_metrics
from cytally.metrics.pixels import pixel_metrics
from cytally.results import Prediction


def measures(prediction: Prediction, true: NDArray[np.integer[Any]]) -> dict[str, float]:
    """Figures of one picture against its label image (Y, X), which must show a nucleus.

    `f1_50`, `ap50` and `ap` are one to one; `object_precision`, `object_recall` and `object_dice` go by the thesis's
    rule, found where any pixel is shared. The count's errors are signed fractions of the true number.

    Raises
    ------
    ValueError
        When the prediction has no labels or no count by area, or the label image no nucleus.

    Examples
    --------
    >>> true = np.array([[1, 1, 0, 2, 2]])
    >>> merged = Prediction(1.0, labels=np.array([[1, 1, 1, 1, 1]]), count_by_area=2.5)
    >>> found = measures(merged, true)
    >>> found["f1_50"], found["object_dice"], found["count_error"], found["area_error"]
    (0.0, 1.0, -0.5, 0.25)
    """
    number = len(np.unique(true[true > 0]))
    if prediction.labels is None or prediction.count_by_area is None or number == 0:
        raise ValueError("measures needs labels and a count by area, and a true label image with a nucleus")
    objects, pixels = object_metrics([(true, prediction.labels)]), pixel_metrics(true, prediction.labels)
    return {
        "nuclei": number,
        "count": prediction.count,
        "count_error": prediction.count / number - 1,
        "count_by_area": round(prediction.count_by_area, 2),
        "area_error": prediction.count_by_area / number - 1,
        **{name: objects[name] for name in ("f1_50", "ap50", "ap")},
        **{f"object_{name}": objects[name] for name in ("precision", "recall", "dice")},
        **{f"pixel_{name}": pixels[name] for name in ("precision", "recall", "dice", "iou")},
    }
