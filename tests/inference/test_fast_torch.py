import numpy as np
import pytest
import torch
from torch import nn

from cytally.inference.agreement import Trial
from cytally.inference.fast_torch import fast_torch
from cytally.networks.density_unet import DensityUNet
from cytally.networks.nucleus_unet import NucleusUNet

CPU = torch.device("cpu")
PICTURE = np.random.default_rng(0).random((1, 64, 64), np.float32)


def norms(network):
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.fixture(scope="module")
def nuclei():
    torch.manual_seed(0)
    network = NucleusUNet(1, 4, 2).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -1, 1)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return network


def test_norms_are_folded_and_nothing_changes(nuclei):
    run = fast_torch(nuclei, CPU, "float32", sample=PICTURE)
    plain = nuclei(torch.from_numpy(PICTURE)[None])[0].detach().numpy()
    assert norms(run.network) < norms(nuclei)
    assert run(PICTURE) == pytest.approx(plain, abs=1e-5)


def test_a_network_with_nothing_to_fold_is_not_compared():
    def count(output):
        raise AssertionError("compared")

    run = fast_torch(DensityUNet(1, (4, 8)), CPU, sample=Trial((PICTURE,), count))
    assert run.name == "torch"


def test_what_disagrees_is_not_taken(nuclei, caplog):
    caplog.set_level("INFO", "cytally")
    given = iter(np.arange(9.0))
    run = fast_torch(nuclei, CPU, "float32", sample=Trial((PICTURE,), lambda output: next(given)))
    assert norms(run.network) == norms(nuclei)
    assert "the network is not folded or compiled, for it would change results" in caplog.text


class Card:
    """Stands for an NVIDIA card: what runs there runs on the processor."""

    type = "cuda"


@pytest.fixture
def card(monkeypatch):
    kind = fast_torch.__globals__["TorchBackend"]
    monkeypatch.setattr(
        "cytally.inference.fast_torch.TorchBackend", lambda network, device, precision: kind(network, CPU, precision)
    )
    return Card()


def test_cards_run_it_compiled(nuclei, card, monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda network, dynamic: compiled.append(dynamic) or nn.Sequential(network))
    run = fast_torch(nuclei, card, "float32", sample=PICTURE)
    assert compiled == [True] and isinstance(run.network, nn.Sequential)


def test_without_a_compiler_it_runs_as_it_is(nuclei, card, monkeypatch, caplog):
    def broken(picture):
        raise RuntimeError("Cannot find a working triton installation.\nand a page of more")

    monkeypatch.setattr(torch, "compile", lambda network, dynamic: broken)
    run = fast_torch(nuclei, card, "float32", sample=PICTURE)
    assert run(PICTURE).shape[-2:] == (64, 64)
    assert "so it runs as it is: Cannot find a working triton installation." in caplog.text
    assert "and a page" not in caplog.text


def test_what_disagrees_when_compiled_is_not_taken(card, monkeypatch, caplog):
    caplog.set_level("INFO", "cytally")
    monkeypatch.setattr(torch, "compile", lambda network, dynamic: nn.Sequential(network))
    given = iter(np.arange(9.0))
    run = fast_torch(DensityUNet(1, (4, 8)), card, sample=Trial((PICTURE,), lambda output: next(given)))
    assert not isinstance(run.network, nn.Sequential)
    assert "not folded or compiled" in caplog.text
