"""An EfficientNet's published weights: their numbering, the stem in grey, and the download."""

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from cytally.errors import ModelError
from cytally.methods.efficientnet_weights import find_weights, fit_efficientnet, spread_over_channels


class Small(nn.Module):
    """The names that matter of an EfficientNet, in MONAI's numbering."""

    def __init__(self, channels: int = 1, outputs: int = 1) -> None:
        super().__init__()
        self._conv_stem = nn.Conv2d(channels, 4, 3, bias=False)
        self._blocks = nn.Sequential(nn.Sequential(nn.ModuleDict({"_conv": nn.Conv2d(4, 4, 1)})))
        self._bn0 = nn.BatchNorm2d(4)
        self._fc = nn.Linear(4, outputs)


def published(outputs: int = 1000) -> dict[str, torch.Tensor]:
    """Weights for colour, blocks numbered through, without counters."""
    torch.manual_seed(5)
    state = {name.replace("_blocks.0.0", "_blocks.0"): value for name, value in Small(3, outputs).state_dict().items()}
    return {name: torch.rand_like(value) for name, value in state.items() if "num_batches" not in name}


def test_published_weights_fit_but_for_the_last_layer():
    network, weights = Small(), published()
    before = network.state_dict()["_fc.weight"].clone()
    network.load_state_dict(fit_efficientnet(weights, network, "w.pth"))
    after = network.state_dict()
    assert torch.equal(after["_blocks.0.0._conv.weight"], weights["_blocks.0._conv.weight"])
    assert torch.equal(after["_conv_stem.weight"], weights["_conv_stem.weight"].sum(1, keepdim=True))
    assert torch.equal(after["_fc.weight"], before)


def test_monais_own_numbering_fits_as_well():
    network, weights = (
        Small(),
        {name: torch.rand_like(value) for name, value in Small().state_dict().items() if value.ndim},
    )
    fitted = fit_efficientnet(weights, network, "w.pth")
    assert all(torch.equal(fitted[name], weights[name]) for name in weights)


def test_a_last_layer_of_one_output_is_taken():
    network, weights = Small(), published(outputs=1)
    assert torch.equal(fit_efficientnet(weights, network, "w")["_fc.weight"], weights["_fc.weight"])


def test_what_does_not_fit_is_named():
    lacking = published()
    del lacking["_bn0.running_var"]
    with pytest.raises(ModelError, match=r"w.pth: lacks '_bn0.running_var' \(4,\); give weights of this EfficientNet"):
        fit_efficientnet(lacking, Small(), "w.pth")
    with pytest.raises(ModelError, match=r"another shape of \(4, 3, 3\) for '_conv_stem.weight' \(4, 1, 3, 3\)"):
        fit_efficientnet({**published(), "_conv_stem.weight": torch.zeros(4, 3, 3)}, Small(), "w.pth")


def test_a_grey_picture_gives_what_it_gave_in_colour():
    """Worked out by hand: weights of 1, 2 and 3 times the same pixel of 5 make 30, in one channel or in two alike."""
    stem = torch.tensor([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)
    for channels, weights in ((1, [6.0]), (2, [3.0, 3.0]), (3, [1.0, 2.0, 3.0]), (4, [1.5] * 4)):
        spread = spread_over_channels(stem, channels)
        assert spread.flatten().tolist() == weights
        assert nn.functional.conv2d(torch.full((1, channels, 1, 1), 5.0), spread).item() == 30


def test_a_file_is_found_by_its_path(tmp_path):
    save_file(published(), tmp_path / "w.safetensors")
    assert find_weights(str(tmp_path / "w.safetensors"), "efficientnet-b0").keys() == published().keys()
    with pytest.raises(ModelError, match=r"none.pth: there are no such weights; give weights of this EfficientNet"):
        find_weights(str(tmp_path / "none.pth"), "efficientnet-b0")


def test_without_a_connection_one_line_says_what_to_do(monkeypatch):
    def refuse(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr("monai.networks.nets.efficientnet.model_zoo.load_url", refuse)
    with pytest.raises(
        ModelError, match=r"of efficientnet-b0 cannot be downloaded \(no route to host\); go online once"
    ):
        find_weights("imagenet", "efficientnet-b0")
