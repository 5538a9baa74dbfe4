from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from cytally.synthesis.counts import CountLaw, GivenCounts, LinearCounts, UniformCounts

LAWS = TypeAdapter(CountLaw)


def slow_linear(least: int, most: int, empty: float) -> list[float]:
    weights = [0] * (most + 1)
    for n in range(least, most + 1):
        weights[n] = most + 1 - n
    chances = [(1 - empty) * weight / sum(weights) for weight in weights]
    chances[0] += empty
    return chances


def test_the_papers_law_by_hand() -> None:
    chances = LinearCounts().probabilities()
    # 30 + 29 + ... + 1 = 465.
    assert chances[[0, 1, 2, 30]] == pytest.approx([0, 30 / 465, 29 / 465, 1 / 465])
    assert np.diff(chances[1:]) == pytest.approx(np.full(29, -1 / 465))


@given(least=st.integers(0, 20), more=st.integers(0, 20), empty=st.floats(0, 1))
def test_linear_and_uniform_are_what_the_slow_reference_says(least: int, more: int, empty: float) -> None:
    most = least + more
    linear = LinearCounts(least=least, most=most, empty=empty).probabilities()
    assert linear == pytest.approx(slow_linear(least, most, empty))
    uniform = UniformCounts(least=least, most=most, empty=empty).probabilities()
    assert uniform.sum() == pytest.approx(1)
    assert uniform[max(least, 1) :] == pytest.approx((1 - empty) / (more + 1))


@settings(max_examples=30)
@given(counts=st.lists(st.integers(0, 40), min_size=1, max_size=50), seed=st.integers(0, 1000))
def test_a_learned_law_draws_only_what_was_seen(counts: list[int], seed: int) -> None:
    law = GivenCounts.learned(counts)
    for n in set(counts):
        assert law.probabilities()[n] == pytest.approx(counts.count(n) / len(counts))
    rng = np.random.default_rng(seed)
    assert {law.sample(rng) for _ in range(20)} <= set(counts)


@pytest.mark.parametrize("law", [LinearCounts(least=2, most=6, empty=0.2), GivenCounts(chances=(0.1, 0, 0.6, 0.3))])
def test_draws_follow_the_law(law: LinearCounts | GivenCounts) -> None:
    rng = np.random.default_rng(0)
    seen = np.bincount([law.sample(rng) for _ in range(8000)], minlength=law.largest() + 1) / 8000
    assert seen == pytest.approx(law.probabilities(), abs=0.02)


def test_the_end_of_a_law_that_rounding_leaves_below_one_is_never_passed() -> None:
    class Highest:
        def random(self) -> float:
            return float(np.nextafter(1, 0))

    assert GivenCounts(chances=(0.1,) * 10 + (0.0,)).sample(Highest()) == 9  # type: ignore[arg-type]


def test_laws_are_told_apart_by_their_names() -> None:
    assert LAWS.validate_python({"law": "uniform", "least": 3, "most": 3}) == UniformCounts(least=3, most=3)
    law = GivenCounts(chances=(0.25, 0.75))
    assert LAWS.validate_python(law.model_dump(mode="json")) == law


@pytest.mark.parametrize(
    "wrong",
    [
        {"law": "linear", "least": 5, "most": 4},
        {"law": "linear", "least": -1},
        {"law": "uniform", "most": 2.5},
        {"law": "given", "chances": []},
        {"law": "given", "chances": [0.5, 0.3]},
        {"law": "given", "chances": [1.5, -0.5]},
        {"law": "given", "chances": [float("nan")]},
        {"law": "poisson"},
    ],
)
def test_what_is_no_law_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LAWS.validate_python(wrong)


@pytest.mark.parametrize("counts", [[], [-1], [5001]])
def test_nothing_can_be_learned_from_no_or_wrong_counts(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="0 to 5000"):
        GivenCounts.learned(counts)
