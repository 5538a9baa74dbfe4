"""Between pieces of tracks: laptrack closes gaps, finds divisions and flags merges, all in one assignment.

After the first pass (`frame_links`) each cell is in pieces: where it was missed for some frames, and where one daughter
of a division continued the mother and the other began anew. Every cost below is 1 at the limit of what is believed,
as is that of leaving an end or a beginning unexplained.

- A gap of dt frames costs ``d² / (max_step² dt)``: at random, squared distances grow with time. Areas count as in the
  first pass.
- A division of M into A, its continuation, and B, which begins: the daughters lie on both sides of where the mother
  was. ``1/2 + 1/2 (e²/E² + h²/H²)``, where e is the distance from M to the middle between A and B, and h half the
  distance between these; ``2 H`` is `division_distance`. A stranger that comes into view next to M leaves A where M
  was, so that its e is as large as its h. Where areas are known, what is added is the squared logarithm (base 2) of A's
  area to B's over 1.6 (daughters are alike, within a factor of three), and that of both together to M's over 1.2.
- A merge is the same backwards in time.

So closing a gap is preferred to a merge that is followed by a division. The frames are gone through in stretches, since
laptrack takes time with the square of their number; a stretch looks as far beyond its ends as a gap may last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cytally.timelapse.frame_links import Node
from cytally.timelapse.gap_candidates import FRAME, segment_tracker
from cytally.timelapse.objects import Objects
from cytally.timelapse.tracking_options import TrackingOptions
from cytally.timelapse.tracking_scale import TrackingScale

Row = NDArray[np.float64]
Cost = Callable[[Row, Row], Any]

STRETCH = 50
"""Frames that are looked at together."""

UNLIKE, UNEQUAL = 1.6, 1.2
"""Binary logarithms: how unlike two daughters' areas may be, and their sum and the mother's."""

Y, X, SIZE = range(3)
SUCCESSOR, PREDECESSOR = 4, 7
"""Columns in which laptrack sees an object: itself, then y, x and size of what it is linked to."""

OFF_CENTRE = {SUCCESSOR: (0.4, 2.0), PREDECESSOR: (0.3, 1.5)}
"""E in diameters and in steps, added in squares: less for merges, so that a death beside another cell is not one."""


@dataclass(frozen=True)
class SegmentLinks:
    """What joins the pieces.

    Parameters
    ----------
    gaps
        From the last object before a gap to the first one after it.
    divisions
        From the mother's last object to the daughter that begins; the other daughter is the mother's successor.
    merges
        From the last object of a track to the object of the next frame in which it is lost in another track.
    """

    gaps: dict[Node, Node] = field(default_factory=dict)
    divisions: dict[Node, Node] = field(default_factory=dict)
    merges: dict[Node, Node] = field(default_factory=dict)


def segment_links(
    frames: Sequence[Objects], links: dict[Node, Node], scale: TrackingScale, options: TrackingOptions
) -> SegmentLinks:
    """Join the pieces that `links` leaves.

    Parameters
    ----------
    frames
        All frames.
    links
        Successors, from `frame_links`.
    """
    with_areas = options.area_weight > 0 and all(frame.areas is not None for frame in frames)
    rows = _rows(frames, links, with_areas)
    found = SegmentLinks()
    reach = options.gap_frames + 1
    pair_costs = (_pair_cost(scale, side, with_areas) for side in (SUCCESSOR, PREDECESSOR))
    costs = (_gap_cost(scale, options), *pair_costs)
    for begin in range(0, len(frames), STRETCH):
        end = begin + STRETCH
        low, high = max(0, begin - reach), min(len(frames), end + reach)
        if any(len(frame) for frame in frames[low:high]):
            edges = _edges(rows[low:high], _between(links, frames, low, high), low, costs, options)
            _sort(edges, links, found, begin, end)
    return found


def _between(links: dict[Node, Node], frames: Sequence[Objects], low: int, high: int) -> list[tuple[Node, Node]]:
    """Links within a stretch, its frames counted from 0."""
    objects = ((frame, place) for frame in range(low, high - 1) for place in range(len(frames[frame])))
    pairs = ((one, links[one]) for one in objects if one in links)
    return [((one[0] - low, one[1]), (other[0] - low, other[1])) for one, other in pairs]


def _edges(
    rows: Sequence[NDArray[np.float64]],
    links: list[tuple[Node, Node]],
    low: int,
    costs: Sequence[Cost],
    options: TrackingOptions,
) -> list[tuple[Node, Node]]:
    """What laptrack adds to the links of a stretch, frames counted from that of the whole."""
    tracker = segment_tracker()(
        cutoff=0.0,  # from frame to frame, all is linked already
        gap_closing_metric=costs[0],
        gap_closing_cutoff=1.0 if options.gap_frames else False,
        gap_closing_max_frame_count=options.gap_frames + 1,
        splitting_metric=costs[1],
        splitting_cutoff=1.0 if options.divisions else False,
        merging_metric=costs[2],
        merging_cutoff=1.0,
        segment_start_cost=1.0,
        segment_end_cost=1.0,
        no_splitting_cost=1.0,
        no_merging_cost=1.0,
    )
    old = set(links)
    edges = [
        ((int(t), int(i)), (int(u), int(j))) for (t, i), (u, j) in tracker.predict(rows, connected_edges=links).edges
    ]
    return [((one[0] + low, one[1]), (other[0] + low, other[1])) for one, other in edges if (one, other) not in old]


def _sort(edges: list[tuple[Node, Node]], links: dict[Node, Node], found: SegmentLinks, begin: int, end: int) -> None:
    """Sort what was found by kind, each in the stretch in which its beginning, or a merge's end, lies."""
    continued = set(links.values())
    for one, other in sorted(edges):
        merges = other in continued
        if not begin <= (one if merges else other)[0] < end or one in found.gaps or one in found.merges:
            continue  # of a neighbouring stretch, or joined there already
        if merges:
            found.merges[one] = other
        elif one in links:
            found.divisions[one] = other
        else:
            found.gaps[one] = other


def _rows(frames: Sequence[Objects], links: dict[Node, Node], with_areas: bool) -> list[NDArray[np.float64]]:
    """Per frame (N, 10): y, x, logarithm of the area, frame; y, x and size of the successor and of the predecessor."""
    rows = []
    for number, frame in enumerate(frames):
        table = np.full((len(frame), 10), np.nan)
        table[:, :SIZE] = frame.places
        table[:, SIZE] = np.log2(frame.areas) if with_areas and frame.areas is not None else 0
        table[:, FRAME] = number
        rows.append(table)
    for (t, i), (u, j) in links.items():
        rows[t][i, SUCCESSOR : SUCCESSOR + 3] = rows[u][j, :FRAME]
        rows[u][j, PREDECESSOR : PREDECESSOR + 3] = rows[t][i, :FRAME]
    return rows


def _gap_cost(scale: TrackingScale, options: TrackingOptions) -> Cost:
    """The cost that a track ends and goes on after a gap; of single rows, or of arrays of them."""
    longest, weight = scale.max_step**2, options.area_weight**2

    def cost(ends: Row, starts: Row) -> Any:
        apart = ends - starts
        distance = apart[..., Y] ** 2 + apart[..., X] ** 2
        return distance / (-apart[..., FRAME] * longest) + weight * apart[..., SIZE] ** 2

    return cost


def _pair_cost(scale: TrackingScale, partner: int, with_areas: bool) -> Cost:
    """The cost that `single` and the partner of `whole` are the two that `whole` becomes, or is made of."""
    reach = scale.division_distance
    half = (reach / 2) ** 2
    diameters, steps = OFF_CENTRE[partner]
    middle = (diameters * scale.diameter) ** 2 + (steps * scale.step) ** 2

    def cost(single: Row, whole: Row) -> float:
        # Most cells are far away: what is told by one coordinate is told at once.
        if abs(single[Y] - whole[Y]) > reach or abs(single[X] - whole[X]) > reach or whole[partner] != whole[partner]:
            return np.inf
        y, x, size = whole[partner : partner + 3].tolist()
        own_y, own_x, own_size = single[:FRAME].tolist()
        off = (((own_y + y) / 2 - whole[Y]) ** 2 + ((own_x + x) / 2 - whole[X]) ** 2) / middle
        apart = ((own_y - y) ** 2 + (own_x - x) ** 2) / 4 / half
        unlike = (own_size - size) / UNLIKE
        unequal = (np.logaddexp2(own_size, size) - whole[SIZE]) / UNEQUAL if with_areas else 0.0
        return float(0.5 + 0.5 * (off + apart + unlike**2 + unequal**2))

    return cost
