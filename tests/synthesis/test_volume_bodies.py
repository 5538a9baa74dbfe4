import numpy as np
import pytest

from cytally.synthesis.volume_bodies import Arm, Body, Ellipsoid, draw_body, paint_body
from cytally.synthesis.volume_config import VolumeConfig

PLAIN = (np.zeros((6, 3)), np.zeros(6), 0.0)


def painted(body, centre, shape=(30, 40, 40), step=1.0):
    depth, owner = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.uint16)
    paint_body(body, np.array(centre, dtype=float), 1, step, depth, owner)
    return depth, owner


def ball(radius):
    return Body(radius, (Ellipsoid(np.zeros(3), np.full(3, radius), np.eye(3)),), (), *PLAIN)


@pytest.mark.parametrize("radius", [6.0, 12.0, 25.0])
def test_a_ball_is_as_deep_as_the_way_to_its_surface_however_it_is_worked_out(radius):
    shape = (60, 60, 60)
    depth, owner = painted(ball(radius), (30, 31, 29), shape)
    z, y, x = np.indices(shape) + 0.5
    true = radius - np.sqrt((z - 30) ** 2 + (y - 31) ** 2 + (x - 29) ** 2)
    wrong = np.abs(depth - np.maximum(true, 0))
    assert wrong[true < 5].max() < 0.05 + 0.002 * radius
    assert wrong.max() < 0.06 * radius  # a coarser grid blunts the peak in the middle, where nothing is cut
    assert ((owner == 1) == (true > 0)).mean() > 0.998


def test_a_leaning_ellipsoid_has_its_volume_and_its_bounding_box():
    config = VolumeConfig(elongation=(2, 2), flatness=(0.7, 0.7), tilt=1.0, irregularity=0)
    for seed in range(5):
        body = draw_body(config, 20.0, np.random.default_rng(seed))
        _, owner = painted(body, (25, 25, 25), (50, 50, 50))
        assert owner.sum() == pytest.approx(np.pi / 6 * 20**3, rel=0.03)
        sides = [np.ptp(np.nonzero(owner)[axis]) + 1 for axis in range(3)]
        assert sides == pytest.approx(2 * body.ellipsoids[0].extent(), abs=1.5)


def test_bodies_that_press_into_each_other_meet_halfway():
    depth, owner = np.zeros((20, 20, 40), dtype=np.float32), np.zeros((20, 20, 40), dtype=np.uint16)
    for number, x in ((1, 13.0), (2, 27.0)):
        paint_body(ball(9.0), np.array([10, 10, x]), number, 1.0, depth, owner)
    assert (owner[:, :, :20] != 2).all() and (owner[:, :, 20:] != 1).all()
    assert owner[10, 10, 19] == 1 and owner[10, 10, 20] == 2


def test_an_arm_is_as_wide_as_told_along_its_way():
    nodes = np.array([[0, 0, 5.0], [0, 0, 10], [0, 0, 15], [0, 0, 20]])
    body = Body(4.0, ball(4.0).ellipsoids, (Arm(nodes, np.full(4, 2.0)),), *PLAIN)
    _, owner = painted(body, (10, 20, 5), (20, 40, 40))
    for x in (12, 17, 22):
        assert owner[:, :, x].sum() == pytest.approx(np.pi * 4, abs=1.5)
    assert not owner[:, :, 28:].any()


def test_a_body_outside_the_canvas_leaves_it_empty_and_one_at_the_border_is_cut():
    assert not painted(ball(5.0), (-20, 20, 20))[1].any()
    _, owner = painted(ball(5.0), (0, 20, 20))
    assert owner.sum() == pytest.approx(2 / 3 * np.pi * 125, rel=0.07)


def test_lobes_enlarge_a_body_and_an_irregular_surface_keeps_about_its_volume():
    rng = np.random.default_rng
    smooth = VolumeConfig(irregularity=0, elongation=(1, 1), flatness=(1, 1))
    rough, lobed = smooth.model_copy(update={"irregularity": 0.1}), smooth.model_copy(update={"lobes": (3, 3)})
    sizes = {
        name: np.mean([painted(draw_body(config, 16, rng(seed)), (15, 20, 20))[1].sum() for seed in range(8)])
        for name, config in (("smooth", smooth), ("rough", rough), ("lobed", lobed))
    }
    assert sizes["rough"] == pytest.approx(sizes["smooth"], rel=0.15)
    assert sizes["lobed"] > 1.15 * sizes["smooth"]
