"""What each flag and each figure means, in words that a biologist can act on."""

from __future__ import annotations

SENTENCES = {
    "black": "The image is entirely black. Nothing was exposed, or the wrong channel was taken.",
    "white": "The image is entirely white. It is overexposed, or the wrong channel was taken.",
    "constant": "All pixels have the same value, so there is nothing to count.",
    "saturated": "Many pixels sit at the brightest value. Cells may run together; expose for a shorter time.",
    "extrapolated-scale": "What stands out is far smaller or larger than what the model is made for.",
    "no-pixel-size": "The file tells no pixel size, so area and cells per mm² are left empty; give --pixel-size.",
}

FIGURES = {
    "n": ("images", "How many images were compared."),
    "mae": ("mean absolute error", "By how many cells a count is off."),
    "rmse": ("root mean squared error", "The same, minding large errors more."),
    "bias": ("bias (predicted - true)", "Above zero: too many are counted."),
    "mre": ("mean relative error", "The error as a share of an image's cells; 0.1 is 10 %."),
    "accuracy": ("accuracy (rounded count exact)", "Share of images whose rounded count is exact."),
    "average_relative_error": ("average relative error", "The same share, empty images included."),
    "total_relative_error": ("total relative error", "The error as a share of all cells."),
    "coverage": ("coverage of the intervals", "Share of images whose interval holds the truth."),
    "origin_auc": (
        "origin AUC (0.5: natural and drawn mixed)",
        "How well a classifier tells natural from drawn pictures in the latent space: 0.5 not at all, 1 without fail.",
    ),
    "n_natural": ("natural pictures", "How many natural pictures that says."),
    "n_drawn": ("drawn pictures", "How many drawn pictures that says."),
}
"""The figures of metrics.json: what each is called, and what it says."""

WHOLE_FIGURES = ("n", "n_natural", "n_drawn")
"""Those that are numbers of things."""


def sentence(flag: str) -> str:
    """The flag in plain words; an unknown one as it is.

    Examples
    --------
    >>> sentence("constant")
    'All pixels have the same value, so there is nothing to count.'
    >>> sentence("made-elsewhere")
    'made-elsewhere'
    """
    return SENTENCES.get(flag, flag)
