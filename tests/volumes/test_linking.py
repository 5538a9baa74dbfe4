"""Linking the objects of slices: by hand, against a slow reference, and what must never happen."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cytally.volumes.linking import WIDENING, Linker

stacks = arrays(
    np.int32,
    st.tuples(st.integers(1, 6), st.integers(1, 5), st.integers(1, 6)),
    elements=st.integers(0, 4),
)
options = st.fixed_dictionaries(
    {
        "overlap": st.sampled_from([0.0, 0.25, 0.5, 0.65, 1.0]),
        "gap": st.integers(0, 2),
        "waist": st.sampled_from([0.0, 0.5, 0.8]),
    }
)


def link(stack: np.ndarray, **settings_of_linker) -> np.ndarray:
    linker = Linker(**settings_of_linker)
    return np.stack([linker.add(labels) for labels in stack])


def rows(*lines: str) -> np.ndarray:
    """One slice of a single row per line; a dot is background."""
    return np.array([[[0 if sign == "." else int(sign) for sign in line]] for line in lines])


def by_hand(stack: np.ndarray) -> list[str]:
    return ["".join("." if number == 0 else str(number) for number in labels[0]) for labels in stack]


# By hand


def test_objects_continue_whatever_their_slices_call_them():
    stack = rows("11..22", "33..11", ".9..55", "....66")
    linked = link(stack)
    assert linked.dtype == np.uint32
    assert by_hand(linked) == ["11..22", "11..22", ".1..22", "....22"]


def test_new_objects_are_numbered_row_by_row():
    stack = np.array([[[0, 7, 0], [3, 0, 5]], [[4, 0, 9], [0, 0, 5]]])
    assert link(stack).tolist() == [[[0, 1, 0], [2, 0, 3]], [[4, 0, 5], [0, 0, 3]]]


def test_the_share_is_of_the_smaller_object_and_what_is_exactly_enough_counts():
    assert by_hand(link(rows("11111111", "1.......")))[1] == "1......."
    half = rows("1111..", "..1111")
    assert by_hand(link(half, overlap=0.5)) == ["1111..", "..1111"]
    assert by_hand(link(half, overlap=0.51)) == ["1111..", "..2222"]
    assert by_hand(link(rows("11..", "..11"), overlap=0)) == ["11..", "..22"], (
        "without any pixel shared there is no pair"
    )


def test_an_object_cut_in_two_in_one_slice_stays_one_beside_a_fragment():
    stack = rows("1111111", "1111222", "1111111")
    assert by_hand(link(stack)) == ["1111111", "1111222", "1111111"]
    turned = rows("1111111", "1112222", "1111111")
    assert by_hand(link(turned)) == ["1111111", "2221111", "1111111"], "the larger part is the object"


def test_objects_that_meet_in_one_slice_stay_two():
    """The larger of the two has both in the slice where they meet; the smaller comes back where gaps are bridged."""
    stack = rows("111.2222", "11111111", "111.2222")
    assert by_hand(link(stack, gap=0)) == ["111.2222", "22222222", "333.2222"]
    assert by_hand(link(stack, gap=1)) == ["111.2222", "22222222", "111.2222"]


def test_a_small_fragment_inside_does_not_take_the_name_of_the_whole():
    """All of the fragment lies in the object before, not all of the main part does: the union decides."""
    stack = rows("1111111...", "1222222222")
    assert by_hand(link(stack)) == ["1111111...", "2111111111"]


@pytest.mark.parametrize(("gap", "bridged"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_gaps_are_bridged_up_to_their_length(gap, bridged):
    for length in range(4):
        stack = rows("11..", *["...."] * length, "11..")
        assert link(stack, gap=gap)[-1].max() == (1 if length <= bridged else 2), length


def test_an_object_that_went_on_is_not_taken_up_again_from_before():
    stack = rows("111111", "11....", "11.222")
    assert by_hand(link(stack)) == ["111111", "11....", "11.222"]


def test_the_nearer_slice_has_the_first_word():
    stack = rows("1111", "..22", "..11")
    assert by_hand(link(stack, overlap=0.5))[1:] == ["..11", "..11"]
    stack = rows("1111..", "....22", "..1111")
    assert by_hand(link(stack, overlap=0.5))[1:] == ["....22", "..2222"]


def test_cells_above_one_another_part_at_their_waist():
    stack = rows(".111111.", "..1111..", "...11...", "..1111..", ".111111.")
    assert by_hand(link(stack)) == [".111111.", "..1111..", "...11...", "..2222..", ".222222."]
    assert link(stack, waist=0).max() == 1
    assert link(stack, waist=0.33).max() == 1, "2 of 6 pixels is no less than that"
    assert link(stack, waist=0.34).max() == 2


def test_a_waist_of_half_the_width_is_none_yet():
    assert link(rows("1111", ".11.", "1111")).max() == 1
    assert link(rows("1111", ".1..", "1111")).max() == 2


def test_after_a_waist_an_object_may_grow_a_little():
    narrow, wide = "1" * 4 + "." * 16, "1" * 20
    for width in range(4, 12):
        grown = "1" * width + "." * (20 - width)
        assert link(rows(wide, narrow, grown)).max() == (2 if width > 4 * WIDENING else 1), width


def test_a_waist_is_remembered_over_slices_and_over_a_gap():
    assert link(rows("11111111", "111.....", "1111....", "11111...")).max() == 2
    assert by_hand(link(rows("11111111", "11......", "........", "11111111")))[-1] == "22222222"


def test_a_cell_that_keeps_growing_has_no_waist():
    stack = rows("...1....", "..111...", ".11111..", "11111111", ".11111..", "..111...", "...1....")
    assert link(stack).max() == 1


def test_more_objects_than_16_bits_can_number():
    labels = np.zeros((520, 520), np.uint32)
    labels[::2, ::2] = np.arange(1, 260**2 + 1).reshape(260, 260)[::-1]
    linked = link(np.stack([labels, labels]))
    assert linked.max() == 260**2
    assert np.array_equal(linked[0], linked[1])


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.uint16, np.int64, np.uint64])
def test_labels_of_any_whole_type_up_to_its_largest(dtype):
    top = 1 if dtype is bool else np.iinfo(dtype).max
    stack = np.array([[[top, top, 0, 1]], [[top, top, 0, 0]]], dtype)
    assert link(stack)[1].tolist() == [[1, 1, 0, 0]]
    assert link(stack)[0, 0, 0] == 1


# What cannot be linked


@pytest.mark.parametrize("wrong", [{"overlap": -0.1}, {"overlap": 1.1}, {"gap": -1}, {"waist": 2}, {"overlap": np.nan}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ValueError, match="from 0 to 1"):
        Linker(**wrong)


def test_slices_that_do_not_fit():
    linker = Linker()
    linker.add(np.zeros((3, 4), int))
    with pytest.raises(ValueError, match=r"\(4, 3\)"):
        linker.add(np.zeros((4, 3), int))
    with pytest.raises(ValueError, match="float"):
        linker.add(np.zeros((3, 4)))
    with pytest.raises(ValueError, match="negative: -2"):
        linker.add(np.full((3, 4), -2))


def test_what_comes_out_may_be_changed():
    linker = Linker()
    first = np.array([[4, 4, 0, 6]])
    linker.add(first)[...] = 9
    assert first.tolist() == [[4, 4, 0, 6]]
    first[...] = 0
    assert linker.add(np.array([[1, 1, 0, 2]])).tolist() == [[1, 1, 0, 2]]


# Properties


def slow_link(stack: np.ndarray, overlap: float, gap: int, waist: float) -> tuple[np.ndarray, bool]:
    """The same, object by object; and whether two pairs were ever alike, so that their place decided."""
    linked = np.zeros(stack.shape, int)
    history: dict[int, list[tuple[int, int]]] = {}  # number: its slices and areas
    ties = False
    for z, labels in enumerate(stack):
        named: dict[int, int] = {}
        for age in range(1, gap + 2):
            if z < age:
                continue
            open_ones = [n for n, seen in history.items() if seen[-1][0] == z - age]
            pairs = []
            for number in open_ones:
                old = linked[z - age] == number
                areas = [area for _, area in history[number]]
                largest_at = max(place for place, area in enumerate(areas) if area == max(areas))
                least = min(areas[largest_at:])
                for label in set(labels[labels > 0].tolist()) - set(named):
                    new = labels == label
                    shared = (old & new).sum()
                    if shared == 0 or shared < overlap * min(old.sum(), new.sum()):
                        continue
                    if least < waist * max(areas) and new.sum() > WIDENING * least:
                        continue
                    likeness = shared / (old | new).sum(), shared
                    ties |= any(likeness == other[0] and (number == other[3] or label == other[4]) for other in pairs)
                    pairs.append((likeness, -np.flatnonzero(old)[0], -np.flatnonzero(new)[0], number, label))
            taken = set()
            for _, _, _, number, label in sorted(pairs, reverse=True):
                if number not in taken and label not in named:
                    taken.add(number)
                    named[label] = number
        for label in dict.fromkeys(labels[labels > 0].tolist()):
            named.setdefault(label, max([0, *history, *named.values()]) + 1)
            linked[z][labels == label] = named[label]
        for label, number in named.items():
            history.setdefault(number, []).append((z, int((labels == label).sum())))
    return linked, ties


@settings(max_examples=80, deadline=None)
@given(stacks, options)
def test_the_links_are_those_of_the_slow_search(stack, chosen):
    assert np.array_equal(link(stack, **chosen), slow_link(stack, **chosen)[0])


@settings(max_examples=40, deadline=None)
@given(stacks, options)
def test_no_voxel_is_lost_and_no_object_of_a_slice_cut_or_joined_with_another(stack, chosen):
    for labels, linked in zip(stack, link(stack, **chosen), strict=True):
        assert np.array_equal(labels > 0, linked > 0)
        pairs = set(zip(labels.ravel().tolist(), linked.ravel().tolist(), strict=True))
        assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)


@settings(max_examples=40, deadline=None)
@given(stacks, options)
def test_numbers_begin_at_one_and_leave_none_out(stack, chosen):
    linked = link(stack, **chosen)
    seen = list(dict.fromkeys(linked[linked > 0].tolist()))
    assert sorted(seen) == list(range(1, len(seen) + 1))
    new = [number for z, labels in enumerate(linked) for number in np.setdiff1d(labels, linked[:z]) if number]
    assert new == sorted(new), "a slice's new objects come after all before"


@settings(max_examples=40, deadline=None)
@given(stacks, options, st.randoms(use_true_random=False))
def test_names_in_the_slices_do_not_matter(stack, chosen, random):
    other = np.zeros(stack.shape, np.int64)
    for z, labels in enumerate(stack):
        names = np.array([0, *random.sample([1, 2, 3, 4, 50, 7_000, 2**40], 4)])
        other[z] = names[labels]
    assert np.array_equal(link(stack, **chosen), link(other, **chosen))


@settings(max_examples=40, deadline=None)
@given(stacks, options, st.sampled_from([(1,), (2,), (1, 2)]))
def test_flipping_the_slices_flips_the_objects(stack, chosen, axes):
    straight, ties = slow_link(stack, **chosen)
    assume(not ties)
    flipped = np.flip(link(np.flip(stack, axes), **chosen), axes)
    pairs = set(zip(straight.ravel().tolist(), flipped.ravel().tolist(), strict=True))
    assert len({one for one, _ in pairs}) == len({other for _, other in pairs}) == len(pairs)


@settings(max_examples=40, deadline=None)
@given(stacks, options, st.integers(0, 6))
def test_what_comes_later_changes_nothing(stack, chosen, count):
    assert np.array_equal(link(stack, **chosen)[:count], link(stack[: max(count, 1)], **chosen)[:count])


@settings(max_examples=40, deadline=None)
@given(stacks)
def test_a_volume_of_one_slice_has_the_slices_objects(stack):
    linked = link(stack[:1])[0]
    expected = {name: number for number, name in enumerate(dict.fromkeys(stack[0][stack[0] > 0].tolist()), start=1)}
    assert linked.tolist() == [[expected.get(name, 0) for name in line] for line in stack[0].tolist()]
