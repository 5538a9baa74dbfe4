"""What each flag means, in a sentence that a biologist can act on."""

from __future__ import annotations

SENTENCES = {
    "black": "The image is entirely black. Nothing was exposed, or the wrong channel was taken.",
    "white": "The image is entirely white. It is overexposed, or the wrong channel was taken.",
    "constant": "All pixels have the same value, so there is nothing to count.",
    "saturated": "Many pixels sit at the brightest value. Cells may run together; expose for a shorter time.",
    "extrapolated-scale": "What stands out is far smaller or larger than what the model is made for.",
    "no-pixel-size": "The file tells no pixel size, so area and cells per mm² are left empty; give --pixel-size.",
}


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
