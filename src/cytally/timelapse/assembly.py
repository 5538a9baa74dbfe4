"""Links become tracks: which objects each holds, who its mother is, and how it begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from cytally.timelapse.field_of_view import FieldOfView
from cytally.timelapse.frame_links import Node
from cytally.timelapse.objects import Objects
from cytally.timelapse.segment_links import SegmentLinks
from cytally.timelapse.tracking_options import TrackingOptions


@dataclass(frozen=True)
class Track:
    """One cell from its beginning to its end.

    Parameters
    ----------
    objects
        What it is in each frame in which it is seen, by rising frame.
    begin
        ``first frame``, ``born``, ``enters`` or ``appears``.
    end
        ``last frame``, ``divides``, ``leaves``, ``dies``, ``merges`` or ``lost``.
    parent
        Number of the mother's track; 0 for none.
    merged_into
        Number of the track in which it is lost; 0 for none.
    """

    objects: list[Node] = field(default_factory=list)
    begin: str = "appears"
    end: str = "dies"
    parent: int = 0
    merged_into: int = 0


class Assembly:
    """Puts tracks together.

    A division is taken back, the mother going on as one of the two, where a daughter is seen in fewer than
    `confirm_frames` frames although it could have been seen in more, or where the two merge again: a cell was cut in
    two by mistake.
    """

    def __init__(
        self,
        frames: Sequence[Objects],
        links: dict[Node, Node],
        segments: SegmentLinks,
        view: FieldOfView,
        options: TrackingOptions,
    ) -> None:
        self._frames = frames
        self._next = links | segments.gaps
        self._divisions = dict(segments.divisions)
        self._merges = segments.merges
        self._view = view
        self._options = options
        self._told_until = len(frames) - 2 - options.gap_frames
        for mother in sorted(self._divisions, reverse=True):
            self._check(mother)

    def tracks(self) -> list[Track]:
        """All tracks; the first has the number 1. They are in the order of first frame, then of y, then of x."""
        daughters = {one: mother for mother in self._divisions for one in self._daughters(mother)}
        continued = set(self._next.values()) - set(daughters)
        everything = ((frame, place) for frame, objects in enumerate(self._frames) for place in range(len(objects)))
        heads = sorted((node for node in everything if node not in continued), key=self._order)
        paths = [list(self._walk(head)) for head in heads]
        number = {node: index for index, path in enumerate(paths, 1) for node in path}
        return [
            Track(
                path,
                self._begin(path, path[0] in daughters),
                self._end(path),
                number[daughters[path[0]]] if path[0] in daughters else 0,
                number[self._merges[path[-1]]] if self._end(path) == "merges" else 0,
            )
            for path in paths
        ]

    def _order(self, node: Node) -> tuple[int, float, float]:
        y, x = self._frames[node[0]].places[node[1]].tolist()
        return node[0], y, x

    def _daughters(self, mother: Node) -> tuple[Node, Node]:
        return self._next[mother], self._divisions[mother]

    def _walk(self, node: Node) -> Iterator[Node]:
        """The objects of a track from `node` on."""
        yield node
        while node not in self._divisions and node in self._next:
            node = self._next[node]
            yield node

    def _check(self, mother: Node) -> None:
        """Take a division back that is none. Those of later frames have been seen to."""
        one, other = (list(self._walk(daughter)) for daughter in self._daughters(mother))
        doubtful = [self._doubtful(one, other), self._doubtful(other, one)]
        if any(doubtful):
            del self._divisions[mother]
            if not doubtful[1] or (all(doubtful) and len(other) > len(one)):
                self._next[mother] = other[0]

    def _doubtful(self, path: list[Node], sibling: list[Node]) -> bool:
        if self._merges.get(path[-1]) in sibling:
            return True
        return len(path) < self._options.confirm_frames and self._end(path) not in ("last frame", "leaves")

    def _begin(self, path: list[Node], born: bool) -> str:
        if born:
            return "born"
        if path[0][0] == 0:
            return "first frame"
        return "enters" if self._at_rim(path[0], -1) else "appears"

    def _end(self, path: list[Node]) -> str:
        last = path[-1]
        rules: tuple[tuple[str, Callable[[], bool]], ...] = (
            ("divides", lambda: last in self._divisions),
            ("last frame", lambda: last[0] == len(self._frames) - 1),
            ("merges", lambda: last in self._merges and len(path) >= self._options.confirm_frames),
            ("leaves", lambda: self._at_rim(last, 1)),
            ("lost", lambda: len(path) < self._options.confirm_frames or last[0] > self._told_until),
        )
        return next((word for word, holds in rules if holds()), "dies")

    def _at_rim(self, node: Node, towards: int) -> bool:
        return bool(self._view.at_rim([node[0]], self._frames[node[0]].places[node[1]], towards)[0])
