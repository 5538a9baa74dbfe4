"""BiT's ResNet-50 that counts: the suite, its authors' rule, weights to begin with, and silence."""

import subprocess
import sys
from typing import ClassVar

import imagecodecs
import numpy as np
import pytest
import torch
from picture_suite import PictureSuite
from safetensors.torch import save_file

from cytally.baselines.bit import Bit, BitConfig, hyperrule_side
from cytally.datasets.example import Example
from cytally.errors import ConfigError, ModelError
from cytally.methods.picture_method import Moment, Pictures
from cytally.methods.twin_vae import TwinVAEMethod
from cytally.models.store import load, save
from cytally.tasks.train import train
from cytally.training.configuration import make_configuration

SMALL = {"side": 64, "depths": (1, 1, 1, 1), "width": 0.5}
"""A tenth of the network, so that it can be built and trained here."""


class TestBit(PictureSuite):
    """A small one, on pictures of 64 pixels, by its own optimiser and schedule."""

    method = "bit"
    options: ClassVar = {**SMALL, "start": 4.0}
    training: ClassVar = {"steps": 12, "learning_rate": 3e-3, "schedule": "hyperrule", "clip": 10.0}
    size = (64, 64)
    unseen = (64, 64)

    @pytest.mark.parametrize("count", [0, 1, 12])
    def test_it_counts_unseen_images_after_a_brief_training(self, trained, draw, count):
        """A few hundred steps are too many for here: the slow test below takes them."""
        pytest.skip("needs more training than a test may take")

    @pytest.mark.slow
    def test_it_counts_unseen_images_after_a_minute(self, draw):
        """At a higher learning rate, which saves hundreds of steps."""
        faster = {"learning_rate": 2e-2, "schedule": "cosine", "averaging": 0.0}
        network = self.train_briefly(draw, steps=300, batch_size=8, **faster).eval()
        with torch.no_grad():
            counted = [float(network(torch.from_numpy(self.plane(draw, n).data)[None])) for n in (0, 4, 12)]
        assert counted == pytest.approx([0, 4, 12], abs=2.5)


def bit(channels: int = 1, **options) -> Bit:
    return Bit(BitConfig(**{**SMALL, **options}), channels)


def example(shape: tuple[int, int], count: float | None = None) -> Example:
    bounds = (-0.5, -0.5, shape[0] - 0.5, shape[1] - 0.5)
    return Example("a", np.zeros((1, *shape), np.float32), None, bounds, total=count)


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# The network


def test_it_is_the_bitmodel_of_transformers_with_one_output():
    from transformers import BitConfig as Architecture
    from transformers import BitModel

    network, theirs = Bit(BitConfig(), 3).network(), BitModel(Architecture())
    assert {name: value.shape for name, value in network.features.state_dict().items()} == {
        name: value.shape for name, value in theirs.state_dict().items()
    }
    assert sum(parameter.numel() for parameter in network.features.parameters()) == 23_500_352
    assert sum(parameter.numel() for parameter in network.parameters()) == 23_500_352 + 2049


def test_depths_and_width():
    network = bit(depths=(1, 2, 1, 1), width=1.5).network()
    assert [len(stage.layers) for stage in network.features.encoder.stages] == [1, 2, 1, 1]
    assert (network.features.embedder.convolution.out_channels, network.count.in_features) == (96, 3072)


@pytest.mark.parametrize("setting", ["side=32", "width=0.75", "width=0", "depths=[3,4,6]", "depths=[3,4,6,0]"])
def test_what_cannot_be_built_is_refused(setting):
    name, value = setting.split("=")
    with pytest.raises(ConfigError, match=rf"'options.{name}"):
        make_configuration({"method": "bit", "options": {name: eval(value)}})


def test_it_begins_with_the_mean_count_exactly():
    """The last layer begins with zeros."""
    fitted = bit(start="auto").fit_to([example((128, 128), 16), example((32, 32), 6), example((64, 64))])
    assert fitted.config.start == pytest.approx(5)  # 16 on four pictures; 6 on one that is enlarged
    with torch.no_grad():
        assert fitted.network().eval()(torch.rand(2, 1, 64, 64)).flatten().tolist() == [5, 5]
    assert bit(start="auto").fit_to([], like=fitted).config.start == fitted.config.start


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_any_number_of_channels_is_taken(channels):
    """Equal channels say what one of them says, however many there are: each begins with an equal share."""
    torch.manual_seed(1)
    colour = bit(3).network().eval()
    network = bit(channels).network().eval()
    network.features.load_state_dict(colour.features.state_dict())
    for each in (colour, network):
        torch.nn.init.ones_(each.count.weight)
    noise, ramp = torch.rand(1, 64, 64), torch.linspace(0, 1, 64).expand(1, 64, 64)
    grey = torch.stack([noise, ramp])
    with torch.no_grad():
        counts, same = network(grey.repeat(1, channels, 1, 1)), colour(grey.repeat(1, 3, 1, 1))
    assert counts.shape == (2, 1)
    assert torch.allclose(counts, same, rtol=1e-4)
    assert not torch.allclose(counts[0], counts[1], rtol=1e-2)


def test_the_channels_can_be_told_apart_once_it_has_learnt(draw):
    network = bit(2).network()
    torch.nn.init.ones_(network.count.weight)
    pictures = torch.from_numpy(draw(3, channels=2).image)[None]
    bit(2).loss(network, Pictures(pictures, torch.zeros(1), torch.ones(1, dtype=bool), False), Moment(0, 0)).backward()
    slopes = network.channels.weight.grad
    assert not torch.allclose(slopes[:, 0], slopes[:, 1])


def test_the_count_is_in_32_bits_where_the_rest_is_not():
    network = bit(start=30.1).network().eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        output = network(torch.rand(1, 1, 64, 64))
    assert output.dtype == torch.float32
    assert output.item() == pytest.approx(30.1)


def test_the_last_layer_alone():
    network = bit(layers="last").network()
    assert [name for name, each in network.named_parameters() if each.requires_grad] == ["count.weight", "count.bias"]


# The authors' rule, and the papers' settings


@pytest.mark.parametrize(
    ("shapes", "side"),
    [
        ([(64, 64)], 128),
        ([(95, 97)], 128),  # 9215 pixels, one less than 96 × 96
        ([(96, 96)], 480),
        ([(32, 600)], 480),
        ([(64, 64), (64, 64), (600, 600)], 128),
        ([(64, 64), (600, 600), (600, 600)], 480),
        ([], 480),
    ],
    ids=str,
)
def test_the_side_goes_by_the_area_of_the_images(shapes, side):
    assert hyperrule_side([(3, *shape) for shape in shapes]) == side
    sized = bit(side="auto").sized([(3, *shape) for shape in shapes])
    assert sized.side == sized.config.side == side


def test_a_side_that_is_given_stays():
    assert bit(side=200).sized([(1, 64, 64)]).side == 200


@pytest.mark.parametrize(("shape", "side"), [((64, 80), 128), ((96, 96), 480)])
def test_a_training_sees_pictures_of_the_side_that_suits_its_images(draw, tmp_path, shape, side):
    """However many are drawn beside them, and though training enlarges the images before it begins."""
    (tmp_path / "images").mkdir()
    for number in range(3):
        pixels = (50 + 100 * draw(number, 0, shape).image[0].clip(0, 1)).astype(np.uint8)
        (tmp_path / "images" / f"{number}.png").write_bytes(imagecodecs.png_encode(pixels))
    rows = "".join(f"{number}.png,{number}\n" for number in range(3))
    (tmp_path / "counts.csv").write_text("image,count\n" + rows)
    settings = {"method": "bit", "options": {**SMALL, "side": "auto", "larger": "resize"}}
    settings["training"] = {"steps": 1, "batch_size": 1, "validation": 1}
    model = train(settings, tmp_path)
    assert model.card.configuration.options.side == model.method.side == side


def test_a_count_is_that_of_a_picture_of_the_side_that_was_found():
    """960 × 960 pixels are four pictures of 480 × 480."""
    assert bit(side="auto", start="auto").fit_to([example((960, 960), 12)]).config.start == pytest.approx(3)


def test_the_papers_settings_are_the_defaults():
    configuration = make_configuration({"method": "bit"})
    training = configuration.training
    assert (training.optimiser, training.learning_rate, training.momentum) == ("sgd", 0.003, 0.9)
    assert (training.schedule, training.weight_decay, training.clip) == ("hyperrule", 0, 10)
    twin = make_configuration({"method": "twin-vae"})
    assert configuration.augmentation == twin.augmentation
    assert configuration.augmentation.rotation == TwinVAEMethod.defaults["augmentation"]["rotation"] == 5


# Weights to begin with


@pytest.fixture(scope="module")
def published():
    """Weights under the names that a classifier of transformers has, and the network that they are of."""
    torch.manual_seed(3)
    features = bit(3).network().features
    for value in features.parameters():
        torch.nn.init.uniform_(value)
    weights = {f"bit.{name}": value.clone() for name, value in features.state_dict().items()}
    return {**weights, "classifier.1.weight": torch.rand(1000, 1024), "classifier.1.bias": torch.rand(1000)}, features


@pytest.mark.parametrize("kind", ["weights.safetensors", "weights.pth", "folder", "old folder", "without classifier"])
def test_it_begins_with_the_weights_of_a_file_or_folder(tmp_path, published, kind):
    weights, features = published
    if kind == "folder":
        features.save_pretrained(tmp_path / kind)
    elif kind == "old folder":
        (tmp_path / kind).mkdir()
        torch.save(weights, tmp_path / kind / "pytorch_model.bin")
    elif kind == "without classifier":
        save_file(features.state_dict(), tmp_path / kind)
    else:
        (save_file if kind.endswith("safetensors") else torch.save)(weights, tmp_path / kind)
    network = bit(weights=str(tmp_path / kind), start=3).fit_to([]).network()
    assert equal(network.features.state_dict(), features.state_dict())
    assert network.count.bias.item() == 3
    assert not network.count.weight.any()


def test_a_trained_model_needs_neither_file_nor_transformers_folder(tmp_path, published, make_model):
    path = tmp_path / "weights.safetensors"
    save_file(published[0], path)
    configuration = make_configuration({"method": "bit", "options": {**SMALL, "weights": str(path), "start": 3}})
    network = configuration.build(1).fit_to([]).network()
    save(make_model(configuration, network), tmp_path / "model")
    path.unlink()
    assert equal(load(tmp_path / "model").network.state_dict(), network.state_dict())


def test_weights_that_do_not_fit_are_refused_before_training(tmp_path, published):
    path = tmp_path / "w.safetensors"
    save_file(published[0], path)
    with pytest.raises(ModelError, match=r"w.safetensors: lacks 'encoder.stages.0.layers.1.* give weights of BiT's"):
        bit(weights=str(path), depths=(2, 1, 1, 1)).fit_to([])
    with pytest.raises(ModelError, match=r"w.safetensors: has another shape of .* for 'embedder.convolution.weight'"):
        bit(weights=str(path), width=1).fit_to([])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"model.safetensors: there are no such weights; give weights of BiT's"):
        bit(weights=str(tmp_path / "empty")).fit_to([])


def test_the_hubs_file_is_downloaded_once_and_then_kept(tmp_path, published, monkeypatch):
    torch.save(published[0], tmp_path / "kept")
    asked = []

    def cached_file(repository, name, *, local_files_only=False, **_):
        asked.append((repository, name, local_files_only))
        return None if local_files_only and len(asked) == 1 else str(tmp_path / "kept")

    monkeypatch.setattr("transformers.utils.hub.cached_file", cached_file)
    network = bit(weights="hub").fit_to([]).network()
    assert equal(network.features.state_dict(), published[1].state_dict())
    bit(weights="hub").fit_to([])
    file = ("google/bit-50", "pytorch_model.bin")
    assert asked == [(*file, True), (*file, False), (*file, True)], "on disk first, then the hub, then the disk alone"


def test_without_a_connection_one_line_says_what_to_do(monkeypatch):
    def cached_file(*_, local_files_only=False, **__):
        if not local_files_only:
            raise OSError("We couldn't connect to the hub.\nCheck your connection.")

    monkeypatch.setattr("transformers.utils.hub.cached_file", cached_file)
    with pytest.raises(ModelError) as error:
        bit(weights="hub").fit_to([])
    assert str(error.value) == (
        "the weights of google/bit-50 cannot be downloaded (We couldn't connect to the hub); go online once, give a "
        "file with options.weights=FILE, or train without: options.weights=null"
    )


# Silence


def test_it_is_built_without_a_network_and_without_a_word():
    """Nothing is imported until a network is built, and then nothing is said and no connection is opened."""
    code = """
import socket, sys
import cytally.baselines.bit
assert "transformers" not in sys.modules

def refuse(*_, **__):
    raise AssertionError("a connection is opened")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
method = cytally.baselines.bit.Bit(cytally.baselines.bit.BitConfig(side=64, depths=(1, 1, 1, 1), width=0.5), 1)
method.fit_to([]).network()
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
