"""The bodies of cells in three dimensions: ellipsoids with lobes and thin arms, painted within their bounding boxes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cytally.synthesis.volume_config import VolumeConfig
from cytally.synthesis.volume_light import enlarged

Floats = NDArray[np.float64]
Depth = NDArray[np.float32]

WAVES = 6
"""Waves over the directions of a body that make its surface irregular."""

BENDS = 3
"""Straight pieces of an arm."""

SMOOTH = 10.0
"""Radius, px, above which a body is worked out on a coarser grid and interpolated: its depth is smooth."""


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """Centre (3,), half axes (3,) and rotation (3, 3), whose columns are the axes; all ZYX, in pixels of the plane."""

    centre: Floats
    axes: Floats
    turn: Floats

    def extent(self) -> Floats:
        """Half the sides (3,) of its bounding box."""
        return np.asarray(np.sqrt(((self.turn * self.axes) ** 2).sum(axis=1)))


@dataclass(frozen=True, eq=False)
class Arm:
    """A bent arm: its nodes (BENDS + 1, 3) and the radius (BENDS + 1,) at each."""

    nodes: Floats
    radii: Floats


@dataclass(frozen=True, eq=False)
class Body:
    """One cell about its centre at (0, 0, 0): ellipsoids, of which the first is the core, and arms.

    `waves` (WAVES, 3), `phases` (WAVES,) and `irregularity` make the surface of the ellipsoids irregular.
    """

    radius: float
    ellipsoids: tuple[Ellipsoid, ...]
    arms: tuple[Arm, ...]
    waves: Floats
    phases: Floats
    irregularity: float


def draw_body(config: VolumeConfig, diameter: float, rng: np.random.Generator) -> Body:
    """Draw the shape of one cell whose core has the volume of a ball of `diameter`."""
    radius = diameter / 2
    turn = _rotation(config.tilt, rng)
    stretch = np.sqrt(rng.uniform(*config.elongation))
    flat = rng.uniform(*config.flatness)
    axes = radius * np.array([flat, 1 / stretch, stretch]) / np.cbrt(flat)
    parts = [Ellipsoid(np.zeros(3), axes, turn)]
    for _ in range(rng.integers(config.lobes[0], config.lobes[1] + 1)):
        direction = _direction(rng)
        size = rng.uniform(0.4, 0.7) * radius
        place = turn @ (axes * direction) * rng.uniform(0.7, 1.1)
        ratio = rng.uniform(0.8, 1.25, 3) * np.array([flat, 1, 1])
        parts.append(Ellipsoid(place, size * ratio, _rotation(config.tilt, rng)))
    arms = []
    for _ in range(rng.integers(config.protrusions[0], config.protrusions[1] + 1)):
        direction = turn @ (axes * _direction(rng))
        length = diameter * rng.uniform(*config.protrusion_length)
        width = diameter * rng.uniform(*config.protrusion_width)
        heading = direction / np.linalg.norm(direction)
        heading[0] *= config.tilt
        nodes = [0.7 * direction]
        for _ in range(BENDS):
            heading = heading + 0.35 * rng.standard_normal(3) * np.array([config.tilt, 1, 1])
            heading /= np.linalg.norm(heading)
            nodes.append(nodes[-1] + heading * length / BENDS)
        arms.append(Arm(np.array(nodes), width / 2 * np.linspace(1, rng.uniform(0.3, 0.7), BENDS + 1)))
    waves = rng.standard_normal((WAVES, 3)) * 2.5
    phases = rng.random(WAVES) * 2 * np.pi
    return Body(radius, tuple(parts), tuple(arms), waves, phases, config.irregularity)


def paint_body(body: Body, centre: Floats, number: int, step: float, depth: Depth, owner: NDArray[np.uint16]) -> None:
    """Give `number` to the voxels that lie deeper in this body than in any painted before.

    Parameters
    ----------
    body, centre
        The cell, and where its centre is (3,), ZYX, in pixels of the plane.
    number
        What `owner` shall be where the cell is, 1 or more.
    step
        Distance between the canvas's slices, in pixels of the plane.
    depth, owner
        The canvas (Z, Y, X): how deep below a surface each voxel lies, in pixels, 0 outside, and whose it is. So cells
        that press into each other meet halfway.
    """
    lowest = np.min([part.centre - part.extent() for part in body.ellipsoids], axis=0)
    highest = np.max([part.centre + part.extent() for part in body.ellipsoids], axis=0)
    slack = 3 * body.irregularity * body.radius + 1
    window, axes = _window(centre + lowest - slack, centre + highest + slack, step, depth.shape)
    if window is not None:
        _keep(_core(body, [axis - at for axis, at in zip(axes, centre, strict=True)]), window, number, depth, owner)
    for arm in body.arms:
        for first in range(BENDS):
            nodes, radii = arm.nodes[first : first + 2] + centre, arm.radii[first : first + 2]
            window, axes = _window(nodes.min(axis=0) - radii[0], nodes.max(axis=0) + radii[0], step, depth.shape)
            if window is not None:
                _keep(_piece(nodes, radii, axes), window, number, depth, owner)


def _core(body: Body, axes: list[NDArray[np.float32]]) -> Depth:
    """How deep voxels lie in the union of ellipsoids, px, to first order; its seams are smooth."""
    coarser = max(1, int(body.radius / SMOOTH))
    if coarser == 1:
        return _core_at(body, axes)
    apart = [coarser * float(axis[1] - axis[0]) if len(axis) > 1 else 1.0 for axis in axes]
    inner = _core_at(
        body,
        [
            (axis[0] + step * np.arange(-(-len(axis) // coarser) + 1)).astype(np.float32)
            for axis, step in zip(axes, apart, strict=True)
        ],
    )
    for index, axis in enumerate(axes):
        inner = enlarged(inner, index, len(axis), coarser)
    return inner


def _core_at(body: Body, axes: list[NDArray[np.float32]]) -> Depth:
    """The same at every point of a grid, given by its coordinates about the body's centre."""
    grid = np.stack(np.broadcast_arrays(axes[0][:, None, None], axes[1][:, None], axes[2]))
    softness = np.float32(0.12 * body.radius)
    total = np.zeros(grid.shape[1:], dtype=np.float32)
    for part in body.ellipsoids:
        inverse = (part.turn / part.axes).T.astype(np.float32)
        unit = np.tensordot(inverse, grid - part.centre.astype(np.float32)[:, None, None, None], 1)
        rho = np.sqrt((unit**2).sum(axis=0)) + np.float32(1e-6)
        edge = np.float32(1)
        if body.irregularity:
            angles = np.tensordot(body.waves.astype(np.float32), unit / rho, 1)
            angles += body.phases.astype(np.float32)[:, None, None, None]
            edge = 1 + np.float32(body.irregularity * np.sqrt(2 / WAVES)) * np.cos(angles).sum(axis=0)
        inner = (edge - rho) * np.float32(np.cbrt(np.prod(part.axes)))
        if len(body.ellipsoids) == 1:
            return np.asarray(inner, dtype=np.float32)
        total += np.exp(np.clip(inner / softness, -30, 60))
    return np.asarray(softness * np.log(total + np.float32(1e-12)), dtype=np.float32)


def _piece(nodes: Floats, radii: Floats, axes: list[NDArray[np.float32]]) -> Depth:
    """How deep voxels lie in a straight piece of an arm, whose radius changes from node to node, px."""
    along = (nodes[1] - nodes[0]).astype(np.float32)
    away = [axis - np.float32(at) for axis, at in zip(axes, nodes[0], strict=True)]
    z, y, x = away[0][:, None, None], away[1][:, None], away[2]
    share = np.clip((z * along[0] + y * along[1] + x * along[2]) / max(float((along**2).sum()), 1e-6), 0, 1)
    far = np.sqrt((z - share * along[0]) ** 2 + (y - share * along[1]) ** 2 + (x - share * along[2]) ** 2)
    return np.asarray(radii[0] + share * (radii[1] - radii[0]) - far, dtype=np.float32)


def _keep(
    inner: Depth, window: tuple[slice, slice, slice], number: int, depth: Depth, owner: NDArray[np.uint16]
) -> None:
    deeper = inner > depth[window]
    depth[window][deeper] = inner[deeper]
    owner[window][deeper] = number


def _window(
    low: Floats, high: Floats, step: float, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice, slice] | None, list[NDArray[np.float32]]]:
    """The part of the canvas within a box, and where its voxels' centres lie along each axis, px."""
    steps = np.array([step, 1.0, 1.0])
    begin = np.maximum(np.floor(low / steps - 0.5).astype(int), 0)
    end = np.minimum(np.ceil(high / steps + 0.5).astype(int), shape)
    if (begin >= end).any():
        return None, []
    axes = [((np.arange(a, b) + 0.5) * s).astype(np.float32) for a, b, s in zip(begin, end, steps, strict=True)]
    return (slice(begin[0], end[0]), slice(begin[1], end[1]), slice(begin[2], end[2])), axes


def _direction(rng: np.random.Generator) -> Floats:
    """A direction (3,), all equally likely."""
    vector = rng.standard_normal(3)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9))


def _rotation(tilt: float, rng: np.random.Generator) -> Floats:
    """A rotation (3, 3), ZYX: any angle in the plane, and up to `tilt` times a right angle out of it."""
    around, lean = rng.random() * 2 * np.pi, tilt * rng.uniform(-np.pi / 2, np.pi / 2)
    cos, sin = np.cos(around), np.sin(around)
    in_plane = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    cos, sin = np.cos(lean), np.sin(lean)
    leaning = np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])
    return np.asarray(in_plane @ leaning)
