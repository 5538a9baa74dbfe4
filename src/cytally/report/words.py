"""What each flag and each figure means, in words that a biologist can act on."""

from __future__ import annotations

SENTENCES = {
    "black": "The image is entirely black. Nothing was exposed, or the wrong channel was taken.",
    "white": "The image is entirely white. It is overexposed, or the wrong channel was taken.",
    "constant": "All pixels have the same value, so there is nothing to count.",
    "saturated": "Many pixels sit at the brightest value. Cells may run together; expose for a shorter time.",
    "empty": "No cell was found, and nothing stands out of the noise. Check stain, exposure and channel, unless the "
    "field is meant to be empty.",
    "too-dim": "Cells stand out of the noise less than in any training image. Expose for longer, or check by eye.",
    "out-of-focus": "The edges of cells are blurred more than in the training images. Focus and take the image "
    "again; if it is sharp, check channel and kind of microscopy.",
    "cell-size": "What stands out is smaller or larger than cells in the training images. Check pixel size, "
    "magnification and channel.",
    "crowded": "Cells lie denser than in the training images. Seed fewer, or check the count on a part by eye.",
    "unlike-training": "The image looks like none that the model learnt from. Check channel and kind of microscopy; if "
    "both are right, train on images like it.",
    "extrapolated-scale": "What stands out is far smaller or larger than what the model is made for.",
    "counts-disagree": "The number of objects and their area tell different counts: objects are merged, torn, or of "
    "another size than in training. Look at the overlay.",
    "no-pixel-size": "The file tells no pixel size, so area and cells per mm² are left empty; give --pixel-size.",
    "damaged-tiles": "Part of the file could not be decoded. It is left out of count and area; run.json tells how "
    "much. Copy or export the file again.",
    "no-voxel-size": "The file does not tell how far apart slices are, so they were taken to be as far apart as "
    "pixels; give --pixel-size and --z-spacing.",
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
    "f1_50": (
        "F1 at IoU 0.5 (one to one)",
        "Predicted and true objects are pairs where they share at least half of what they cover together, and none is "
        "in two pairs: 2TP/(2TP+FP+FN).",
    ),
    "ap50": ("AP at IoU 0.5 (one to one)", "The same pairs, a stricter share: TP/(TP+FP+FN)."),
    "ap": ("AP (one to one)", "The mean of that over IoU 0.50 to 0.95: how well outlines fit as well."),
    "n_natural": ("natural pictures", "How many natural pictures that says."),
    "n_drawn": ("drawn pictures", "How many drawn pictures that says."),
}
"""The figures of metrics.json: what each is called, and what it says."""

FIGURES_OF_BLOCK = {
    ("pixel", "precision"): ("precision", "Share of the predicted foreground that is true."),
    ("pixel", "recall"): ("recall", "Share of the true foreground that is predicted."),
    ("pixel", "accuracy"): ("accuracy", "Share of all pixels that are right, the background included."),
    ("pixel", "dice"): ("Dice", "Foreground in both as a share of the mean of the two."),
    ("pixel", "iou"): ("IoU", "Foreground in both as a share of that in either."),
    ("object", "precision"): ("precision (any pixel shared)", "Share of predicted objects that touch a true one."),
    ("object", "recall"): ("recall (any pixel shared)", "Share of true objects that a predicted one touches."),
    ("object", "dice"): ("Dice, lenient (any pixel shared)", "Harmonic mean of the two."),
    ("object", "iou"): ("IoU (any pixel shared)", "The same two, as TP/(TP+FP+FN)."),
    ("segmentation", "seg"): ("SEG", "Mean Jaccard index of the true objects with what covers more than half of each."),
    ("segmentation", "det"): (
        "DET",
        "1 minus what mending the detections costs, beside making them all by hand.",
    ),
    ("segmentation", "mean_iou"): (
        "mean IoU (two classes)",
        "Mean of the IoU of the foreground and of the background.",
    ),
    ("segmentation", "peseg"): ("PESEG", "SEG per million parameters; compare networks of about the same SEG by it."),
    ("segmentation", "parameters"): ("parameters", "How many weights the network learns."),
}
"""Figures that mean something else in another block, by block and name."""

LENIENT = (
    "An object counts as found as soon as one of its pixels is: precision, recall, Dice and IoU of the block object "
    "follow this lenient rule (Salomon-Sörensen 2023), which would call one all-white mask perfect. So read them "
    "beside F1 and AP, which pair found with true objects one to one, and where such a mask has about 0."
)
"""What must be said wherever the lenient figures are shown."""

WHOLE_FIGURES = ("n", "n_natural", "n_drawn")
"""Those that are numbers of things."""


def figure_words(block: str, name: str) -> tuple[str, str]:
    """What a figure of metrics.json is called and what it says; an unknown one is called by its name.

    Examples
    --------
    >>> figure_words("counting", "accuracy")[0], figure_words("pixel", "accuracy")[0]
    ('accuracy (rounded count exact)', 'accuracy')
    >>> figure_words("elsewhere", "made-up")
    ('made-up', '')
    """
    return FIGURES_OF_BLOCK.get((block, name)) or FIGURES.get(name, (name, ""))


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
