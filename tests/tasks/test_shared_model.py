"""A model that travels as where it lies."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from cytally.errors import ModelError
from cytally.models.model import Model
from cytally.tasks.shared_model import Origin, SharedModel


@pytest.fixture
def shared(model: Model, tmp_path: Path) -> SharedModel:
    return SharedModel(model, Origin(tmp_path / "model", "a", "torch", "cpu"))


def test_here_it_is_the_model_itself(shared: SharedModel, model: Model) -> None:
    assert shared.get() is model


def test_elsewhere_it_is_loaded_once(shared: SharedModel, model: Model) -> None:
    shared.save()
    pickled = pickle.dumps(shared)
    assert len(pickled) < 2000, "no weights travel"
    first, second = (pickle.loads(pickled).get() for _ in range(2))
    assert first is second is not model
    picture = np.random.default_rng(0).integers(0, 200, (24, 32), dtype=np.uint8)
    assert first.count(picture).count == pytest.approx(model.count(picture).count)


def test_another_model_in_the_same_folder_is_loaded_anew(shared: SharedModel, model: Model) -> None:
    shared.save()
    before = pickle.loads(pickle.dumps(shared)).get()
    with torch.no_grad():
        next(model.network.parameters()).add_(1.0)
    other = SharedModel(model, Origin(shared.origin.folder, "b", "torch", "cpu"))
    other.save()
    after = pickle.loads(pickle.dumps(other)).get()
    assert after is not before
    assert not torch.equal(next(after.network.parameters()), next(before.network.parameters()))


def test_a_folder_that_a_worker_does_not_see_is_one_line(shared: SharedModel) -> None:
    with pytest.raises(ModelError, match="there is no such model"):
        pickle.loads(pickle.dumps(shared)).get()
