"""The latent space in two dimensions."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from cytally.report import latent
from cytally.report.latent import LatentMap, draw_latent_map, latent_map


def test_principal_components_are_those_of_the_covariance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latent, "umap_is_installed", lambda: False)
    values = np.random.default_rng(0).normal(size=(60, 5)) * [1, 9, 2, 5, 3]
    places, umap = latent_map(values)
    assert not umap and places.shape == (60, 2)
    largest = np.linalg.eigvalsh(np.cov(values.T))[::-1][:2]
    np.testing.assert_allclose(np.cov(places.T), np.diag(largest), atol=1e-9)


@pytest.mark.parametrize("values", [np.zeros((1, 4)), np.zeros((30, 4)), np.ones((30, 1)), np.ones((2, 1))])
def test_latents_that_say_nothing_are_laid_out(values: np.ndarray) -> None:
    places, umap = latent_map(values)
    assert not umap and np.array_equal(places, np.zeros((len(values), 2)))


@pytest.mark.slow  # importing it compiles for ten seconds and more
def test_umap_keeps_groups_apart_and_is_the_same_twice() -> None:
    pytest.importorskip("umap")
    values = np.random.default_rng(0).normal(size=(40, 6)) + np.repeat([0, 50], 20)[:, None]
    once, twice = latent_map(values, 1), latent_map(values, 1)
    assert once.umap and np.array_equal(once.places, twice.places)
    ends = once.places[:20].mean(axis=0), once.places[20:].mean(axis=0)
    nearer = np.linalg.norm(once.places - ends[0], axis=1) < np.linalg.norm(once.places - ends[1], axis=1)
    assert nearer.tolist() == [True] * 20 + [False] * 20


@pytest.mark.parametrize("counts", [[1.0, 2.0, np.nan], [np.nan] * 3, [4.0, 4.0, 4.0]])
@pytest.mark.parametrize("drawn", [[False, True, True], [False] * 3])
def test_it_is_drawn_whatever_is_known(counts: list[float], drawn: list[bool]) -> None:
    png = draw_latent_map(LatentMap(np.eye(3)[:, :2], False), counts, drawn)
    assert Pillow.open(io.BytesIO(png)).size == (1200, 576)
