"""Published errors on the counting benchmarks, each with its source, and what we aim at."""

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
