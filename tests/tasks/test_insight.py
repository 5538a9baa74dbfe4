"""What a network that encodes and decodes shows of itself, in evaluating and in counting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import torch

from cytally.datasets.example import Example
from cytally.models.model import Model
from cytally.tasks import insight as module
from cytally.tasks.count import count
from cytally.tasks.count_options import CountOptions
from cytally.tasks.evaluate import evaluate
from cytally.tasks.insight import decode, encode, encodes_and_decodes, insight, pieces_of, spread
from cytally.tasks.insight_figures import insight_figures, insight_notes
from cytally.tasks.watch import Watch
from cytally.training.configuration import make_configuration

SMALL = {"channels": [2, 2, 2, 2], "hidden": 4, "latent": 3}


@pytest.fixture(autouse=True)
def without_umap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Importing it takes ten seconds."""
    for place in ("cytally.report.latent", "cytally.tasks.insight_figures"):
        monkeypatch.setattr(f"{place}.umap_is_installed", lambda: False)
    yield


@pytest.fixture
def make_twin(make_model: Callable[..., Model]) -> Callable[..., Model]:
    """``make_twin(section={...})``: a small untrained Twin-VAE."""

    def make(**sections: dict[str, object]) -> Model:
        options = SMALL | sections.pop("options", {})
        configuration = make_configuration({"method": "twin-vae", "options": options, **sections})
        torch.manual_seed(0)
        return make_model(configuration, configuration.build(1).network())

    return make


@pytest.fixture
def twin(make_twin: Callable[..., Model]) -> Model:
    return make_twin()


def example(number: int, shape: tuple[int, int] = (128, 128)) -> Example:
    """`number` cells in the diagonal of noise."""
    image = np.random.default_rng(number).random((1, *shape), dtype=np.float32)
    points = np.linspace(1, min(shape) - 2, number)[:, None].repeat(2, axis=1)
    return Example(f"{number}.tif", image, points, (-0.5, -0.5, shape[0] - 0.5, shape[1] - 0.5))


def test_only_some_networks_encode_and_decode(twin: Model, tiny_model: Model) -> None:
    assert encodes_and_decodes(twin) and not encodes_and_decodes(tiny_model)


def test_latents_are_the_means_and_pictures_what_they_decode_to(twin: Model) -> None:
    """One picture at a time, by the network alone."""
    natural, drawn = [example(number) for number in (3, 1)], [example(number) for number in (7, 5, 6)]
    found = insight(twin, natural, drawn)
    network, assigned = twin.network, {False: (found.natural, natural), True: (found.drawn, drawn)}
    for kind, (seen, examples) in assigned.items():
        assert seen is not None and seen.counts.tolist() == [each.count for each in examples]
        with torch.inference_mode():
            each = [network.encode(torch.from_numpy(one.image)[None], kind)[0] for one in examples]  # type: ignore[operator]
            order = np.argsort(seen.counts)
            again = [network.decode(each[place], kind)[0].numpy() for place in order]  # type: ignore[operator]
            across = [network.decode(each[place], not kind)[0].numpy() for place in order]  # type: ignore[operator]
        np.testing.assert_allclose(seen.latents, torch.cat(each).numpy(), atol=1e-5)
        np.testing.assert_array_equal(seen.shown, [examples[place].image for place in order])
        np.testing.assert_allclose(seen.reconstructed, again, atol=1e-5)
        np.testing.assert_allclose(seen.translated, across, atol=1e-5)
    assert found.origin_auc is None and found.as_block() == {"n_natural": 2.0, "n_drawn": 3.0}
    assert "takes 10 of each, and there are 2 natural and 3 drawn" in insight_notes(found)[-1]


def test_looking_trains_nothing(twin: Model) -> None:
    before = {name: value.clone() for name, value in twin.network.state_dict().items()}
    twin.network.train()
    latents = [encode(twin, np.ones((2, 1, 128, 128), np.float32), drawn=False) for _ in range(2)]
    assert np.array_equal(*latents), "nothing is dropped out or sampled"
    decode(twin, latents[0], drawn=True)
    assert all(torch.equal(value, before[name]) for name, value in twin.network.state_dict().items())


def test_larger_images_are_seen_in_pieces_with_their_own_cells(
    twin: Model, make_twin: Callable[..., Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = example(8, (256, 384))
    pieces = pieces_of(twin, large)
    assert len(pieces) == 6 and sum(piece.count for piece in pieces) == 8
    np.testing.assert_array_equal(pieces[4].image, large.image[:, 128:, 128:256])
    cells = [point for point in large.points if (point >= 127.5).all() and point[1] < 255.5]
    assert pieces[4].count == len(cells) > 0
    assert len(pieces_of(twin, large, most=2)) == 2
    (whole,) = pieces_of(make_twin(options={"larger": "resize"}), large)
    assert whole.image.shape == (1, 128, 128) and whole.count == 8
    monkeypatch.setattr(module, "MOST_PICTURES", 4)
    assert len(insight(twin, [large], []).natural.counts) == 4


def test_a_total_says_nothing_of_pieces(twin: Model) -> None:
    total = Example("a", np.zeros((1, 256, 128), np.float32), None, (-0.5, -0.5, 255.5, 127.5), total=5.0)
    assert not any(piece.labelled for piece in pieces_of(twin, total))
    small = Example("b", np.zeros((1, 64, 64), np.float32), None, (-0.5, -0.5, 63.5, 63.5), total=5.0)
    assert [piece.count for piece in pieces_of(twin, small)] == [5.0]
    assert np.isnan(insight(twin, [total], []).natural.counts).all()


def test_the_pictures_that_are_shown_spread_over_counts() -> None:
    counts = np.random.default_rng(0).permutation(101).astype(float)
    assert counts[spread(counts, 5)].tolist() == [0, 25, 50, 75, 100]
    assert spread(counts[:3], 8).tolist() == np.argsort(counts[:3]).tolist()


def test_figures_of_natural_pictures_alone(twin: Model) -> None:
    found = insight(twin, [example(2), example(3)], [])
    figures = insight_figures(found)
    assert [figure.name for figure in figures] == ["reconstructions", "latent"]
    assert "drawn" not in figures[1].caption and "pip install 'cytally[umap]'" in insight_notes(found)[0]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder of twelve images with one to twelve cells, and one without an annotation."""
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    rows = ["image,count"]
    for number in range(13):
        pixels = np.random.default_rng(number).integers(0, 200, (48, 48), dtype=np.uint8)
        (root / "images" / f"{number:02}.png").write_bytes(imagecodecs.png_encode(pixels))
        rows += [f"{number:02}.png,{number}"] * (number > 0)
    (root / "counts.csv").write_text("\n".join([*rows, ""]), encoding="utf-8")
    return root


def test_evaluating_shows_it(data: Path, twin: Model, tmp_path: Path) -> None:
    notes: list[str] = []
    metrics = evaluate(twin, data, tmp_path / "out", watch=Watch(on_note=notes.append))
    assert metrics.latent is not None and set(metrics.latent) == {"origin_auc", "n_natural", "n_drawn"}
    assert (metrics.latent["n_natural"], metrics.latent["n_drawn"]) == (12, 64)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == metrics.as_dict()
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for name in ("predictions", "error_by_count", "reconstructions", "translations", "latent"):
        assert (tmp_path / "out" / f"{name}.png").read_bytes().startswith(b"\x89PNG") and f'id="{name}"' in page
    assert len(notes) == 1 and "UMAP is not installed" in page
    assert evaluate(twin, data, watch=Watch(on_note=notes.append)).latent == metrics.latent, "nothing is left to chance"


def test_a_model_without_drawn_pictures_has_nothing_to_mix(
    data: Path, make_twin: Callable[..., Model], tmp_path: Path
) -> None:
    metrics = evaluate(make_twin(drawn={"ratio": 0}), data, tmp_path / "out", watch=Watch(on_note=lambda note: None))
    assert metrics.latent == {"n_natural": 12, "n_drawn": 0}
    assert not (tmp_path / "out" / "translations.png").exists()
    assert (tmp_path / "out" / "latent.png").exists()


def test_counting_shows_it_however_often_it_was_stopped(data: Path, twin: Model, tmp_path: Path) -> None:
    images, out = sorted((data / "images").iterdir()), tmp_path / "out"
    count(images, tmp_path / "whole", twin)
    count(images[:5], out, twin)
    count(images, out, twin, CountOptions(resume=True))
    picture = (out / "reconstructions.png").read_bytes()
    assert picture.startswith(b"\x89PNG") and picture == (tmp_path / "whole" / "reconstructions.png").read_bytes()
    assert "What the model sees" in (out / "report.html").read_text(encoding="utf-8")


def test_counting_with_other_models_does_not(data: Path, tiny_model: Model, tmp_path: Path) -> None:
    count([data / "images"], tmp_path / "out", tiny_model)
    assert not (tmp_path / "out" / "reconstructions.png").exists()
    assert "What the model sees" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
