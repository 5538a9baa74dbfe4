"""Weights from files: what fits, and what is refused."""

import os

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from cytally.errors import ModelError
from cytally.methods.pretrained import fit_weights, read_weights

CURE = "give other weights"


class Small(nn.Module):
    """A convolution, a norm with a counter, and a last layer."""

    def __init__(self, outputs: int = 1) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.last = nn.Linear(4, outputs)


OWN = ("last.weight", "last.bias")


def published(outputs: int = 1000) -> dict[str, torch.Tensor]:
    """Weights without counters."""
    torch.manual_seed(5)
    state = Small(outputs).state_dict()
    return {name: torch.rand_like(value) for name, value in state.items() if "num_batches" not in name}


@pytest.mark.parametrize("kind", ["safetensors", "pth", "old.pth"])
def test_a_file_is_read_whatever_it_is_called(tmp_path, kind):
    path, weights = tmp_path / f"weights.{kind}.bin", published()
    if kind == "safetensors":
        save_file(weights, path)
    else:
        torch.save(weights, path, _use_new_zipfile_serialization=kind == "pth")
    found = read_weights(path, CURE)
    assert found.keys() == weights.keys()
    assert all(torch.equal(found[name], weights[name]) for name in weights)


class Attack:
    def __init__(self, mark) -> None:
        self.mark = str(mark)

    def __reduce__(self):
        return os.mkdir, (self.mark,)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_would_run_code_is_refused_and_does_not(tmp_path, zipped):
    path = tmp_path / "weights.pth"
    torch.save({"last.weight": Attack(tmp_path / "ran")}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelError, match=r"weights.pth: .*could run code.*; give other weights") as raised:
        read_weights(path, CURE)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


def test_a_broken_file_is_named(tmp_path):
    save_file(published(), tmp_path / "whole")
    whole = (tmp_path / "whole").read_bytes()
    torch.save(published(), tmp_path / "zip")
    for content in (b"", b"no weights at all", whole[: len(whole) // 2], (tmp_path / "zip").read_bytes()[:900]):
        (tmp_path / "w.pth").write_bytes(content)
        with pytest.raises(ModelError, match=r"w.pth: is cut short, or no file of weights; give other weights"):
            read_weights(tmp_path / "w.pth", CURE)
    torch.save({"state": published()}, tmp_path / "w.pth")
    with pytest.raises(ModelError, match=r"w.pth: holds no plain table of tensors"):
        read_weights(tmp_path / "w.pth", CURE)
    with pytest.raises(ModelError, match=r"none.pth: there are no such weights; give other weights"):
        read_weights(tmp_path / "none.pth", CURE)


def test_weights_fit_but_for_those_that_the_network_has_of_its_own():
    network, weights = Small(), published()
    before = network.state_dict()["last.weight"].clone()
    network.load_state_dict(fit_weights({**weights, "unknown": torch.ones(1)}, network, "w.pth", CURE, own=OWN))
    after = network.state_dict()
    assert torch.equal(after["stem.weight"], weights["stem.weight"])
    assert torch.equal(after["norm.running_var"], weights["norm.running_var"])
    assert torch.equal(after["last.weight"], before)


def test_what_has_the_shape_is_taken_and_brought_to_the_networks_number_type():
    weights = {name: value.half() for name, value in published(outputs=1).items()}
    fitted = fit_weights(weights, Small(), "w", CURE, own=OWN)
    assert torch.equal(fitted["last.weight"], weights["last.weight"].float())


def test_what_does_not_fit_is_named():
    lacking = published()
    del lacking["norm.running_var"]
    with pytest.raises(ModelError, match=r"^w.pth: lacks 'norm.running_var' \(4,\); give other weights$"):
        fit_weights(lacking, Small(), "w.pth", CURE, own=OWN)
    with pytest.raises(ModelError, match=r"another shape of \(5,\) for 'norm.bias' \(4,\)"):
        fit_weights({**published(), "norm.bias": torch.zeros(5)}, Small(), "w.pth", CURE, own=OWN)
    with pytest.raises(ModelError, match=r"another shape of \(1000, 4\) for 'last.weight' \(1, 4\)"):
        fit_weights(published(), Small(), "w.pth", CURE)
