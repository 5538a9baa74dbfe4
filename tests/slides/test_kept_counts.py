import numpy as np
import pytest

from cytally.slides.kept_counts import KeptCounts
from cytally.slides.plan import Plan
from cytally.slides.region_count import RegionCount

FIRST, SECOND = Plan((300, 200), (300, 200), 256, 8, 8).regions
COUNT = RegionCount(1 / 3, 2.5, 0.0, np.array([[1.0, 2.0, 0.5]]), np.array([[1.0, 2.0]]), {"network": 0.25})


@pytest.fixture
def kept(tmp_path):
    found = KeptCounts(tmp_path / "kept")
    assert not found.holds({"model": "a"})
    found.begin({"model": "a"})
    return found


def test_what_is_kept_comes_back_to_the_last_digit(kept):
    kept.keep(FIRST, COUNT)
    found = kept.find(FIRST)
    assert (found.count, found.area, found.damaged, found.seconds) == (1 / 3, 2.5, 0.0, {"network": 0.25})
    np.testing.assert_array_equal(found.points, COUNT.points)
    np.testing.assert_array_equal(found.named, COUNT.named)
    assert kept.find(SECOND) is None


def test_a_file_that_was_cut_counts_as_none(kept):
    kept.keep(FIRST, COUNT)
    path = kept.folder / f"{FIRST.key}.npz"
    path.write_bytes(path.read_bytes()[:-40])
    assert kept.find(FIRST) is None


def test_the_same_conditions_go_on_and_others_begin_anew(kept):
    kept.keep(FIRST, COUNT)
    again = KeptCounts(kept.folder)
    assert again.holds({"model": "a"}) and not again.holds({"model": "b"})
    assert kept.find(FIRST) is not None, "asking changes nothing"
    again.begin({"model": "b"})
    assert kept.find(FIRST) is None and again.about() == {"model": "b"}


def test_a_list_and_a_tuple_are_the_same_condition(tmp_path):
    kept = KeptCounts(tmp_path)
    kept.begin({"shape": (1, 2.5)})
    assert kept.holds({"shape": [1, 2.5]})
