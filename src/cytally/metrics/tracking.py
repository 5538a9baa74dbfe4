"""How well cells are followed: TRA, DET and LNK of the Cell Tracking Challenge, by py-ctcmetrics.

A tracking is a graph: every object of every frame is a vertex, every link from frame to frame, and from a mother to a
daughter, an edge. The measures are what it costs to correct the graph of the result into that of the reference
(AOGM), beside making it all from nothing: ``1 - min(AOGM, AOGM_0) / AOGM_0``. TRA counts vertices and edges, DET
vertices alone, LNK edges alone. What we work out ourselves is which objects match (a result object that covers more
than half of a reference object), as py-ctcmetrics does from files; counts and formulas are its own.

References
----------
Matula P. et al. (2015). Cell tracking accuracy measurement based on comparison of acyclic oriented graphs. PLoS ONE
10(12).
Maška M. et al. (2023). The Cell Tracking Challenge: 10 years of objective benchmarking. Nature Methods 20.
Kaiser T. et al. (2024). CHOTA: a higher order accuracy metric for cell tracking (py-ctcmetrics). ECCV workshops.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cytally.errors import DataError, UsageError
from cytally.metrics.overlap import overlap

Labels = NDArray[np.integer[Any]]


def tracking_metrics(
    reference_labels: Iterable[Labels],
    reference_tracks: ArrayLike,
    labels: Iterable[Labels],
    tracks: ArrayLike,
) -> dict[str, float]:
    """Compare a tracking with the truth.

    Parameters
    ----------
    reference_labels, labels
        (T, Y, X), or one label image (Y, X) after the other: objects have the number of their track, 0 is background.
    reference_tracks, tracks
        (N, 4) whole numbers, or a table of four columns: track, first frame, last frame, mother's track (0: none).

    Returns
    -------
    dict
        ``tra``, ``det``, ``lnk`` from 0 to 1, and what they are made of: ``splits`` (result objects that hold several),
        ``missing``, ``false`` (objects), ``false_links``, ``missing_links``, ``wrong_links`` (a link that should be a
        division, or the other way round), ``objects`` and ``links`` of the reference. What an equation leaves undefined
        is left out: all three without any reference object, ``lnk`` without any reference link.

    Raises
    ------
    UsageError
        When py-ctcmetrics is not installed.
    DataError
        When a track is not in the labels of each frame it spans, or the labels hold objects of no track, or a mother
        outlives her daughters' beginning.
    ValueError
        When the numbers of frames or their shapes differ.

    Examples
    --------
    One cell over three frames, which the result loses in the last:

    >>> truth = np.array([[[1, 0]], [[1, 0]], [[1, 0]]])
    >>> figures = tracking_metrics(truth, [[1, 0, 2, 0]], truth * [[[1]], [[1]], [[0]]], [[1, 0, 1, 0]])
    >>> round(figures["det"], 3), round(figures["lnk"], 3), figures["missing_links"]
    (0.667, 0.5, 1)
    """
    try:
        from ctc_metrics.metrics import det, lnk, tra
        from ctc_metrics.utils.representations import count_acyclic_graph_correction_operations as corrections
    except ImportError:
        raise UsageError(
            "measuring tracks needs py-ctcmetrics, which is not installed", cure="pip install py-ctcmetrics"
        ) from None
    true_lines, lines = _lines(reference_tracks), _lines(tracks)
    true_objects, objects, true_matched, matched = _matches(reference_labels, labels)
    _check(true_lines, true_objects, "reference")
    _check(lines, objects, "result")
    if not any(true_objects):
        return {"false": float(sum(map(len, objects))), "objects": 0, "links": 0}
    alone: Lists = [[]] if len(objects) == 1 else []  # an empty frame after a single one: py-ctcmetrics wants two
    everything = (some + alone for some in (true_objects, objects, true_matched, matched))
    counts = corrections(true_lines, lines, *everything)
    figures = {"tra": tra(**counts)[0], "det": det(**counts)}
    if counts["num_edges"]:
        figures["lnk"] = lnk(**counts)
    names = {
        "splits": "NS",
        "missing": "FN",
        "false": "FP",
        "false_links": "ED",
        "missing_links": "EA",
        "wrong_links": "EC",
        "objects": "num_vertices",
        "links": "num_edges",
    }
    return figures | {name: int(counts[theirs]) for name, theirs in names.items()}


def _lines(tracks: ArrayLike) -> NDArray[np.int64]:
    lines = np.asarray(tracks)
    if not lines.size:
        return np.zeros((0, 4), np.int64)
    if lines.ndim != 2 or lines.shape[1] != 4:
        raise ValueError(f"tracks have four columns (track, first frame, last frame, mother), not {lines.shape}")
    return lines.astype(np.int64)


Lists = list[list[int]]


def _matches(reference: Iterable[Labels], result: Iterable[Labels]) -> tuple[Lists, Lists, Lists, Lists]:
    """Per frame: the reference's and the result's objects, and those of each that match."""
    found: tuple[Lists, Lists, Lists, Lists] = ([], [], [], [])
    for true, predicted in zip(reference, result, strict=True):
        table = overlap(true, predicted)
        covered = 2 * table.shared > table.true_areas[table.rows]
        matched = table.true[table.rows[covered]], table.predicted[table.columns[covered]]
        for kept, values in zip(found, (table.true, table.predicted, *matched), strict=True):
            kept.append(values.tolist())
    return found


def _check(lines: NDArray[np.int64], objects: Lists, whose: str) -> None:
    """See that tracks and labels speak of the same, by py-ctcmetrics' own check."""
    from ctc_metrics.metrics import valid

    cure = "let every track be in the labels of each of its frames"
    if not len(lines):
        if any(objects):
            raise DataError(f"the {whose} has objects and no tracks", cure=cure)
        return
    if lines[:, 2].max() >= len(objects) or lines[:, 1].min() < 0:
        raise DataError(f"the {whose} has tracks in frames that have no labels", cure=cure)
    unknown = set(lines[:, 3].tolist()) - set(lines[:, 0].tolist()) - {0}
    if unknown:
        raise DataError(f"the {whose} has no track {min(unknown)}, which is a mother", cure=cure)
    if len(np.unique(lines[:, 0])) < len(lines):
        raise DataError(f"the {whose} has two tracks of one number", cure="number every track differently")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        good = valid([f"of frame {frame}" for frame in range(len(objects))], lines, objects)
    if not good:
        first = next(str(one.message) for one in said if not str(one.message).startswith("Empty frame"))
        raise DataError(f"the {whose}'s tracks and labels do not agree: {first.rstrip('.')}", cure=cure)
