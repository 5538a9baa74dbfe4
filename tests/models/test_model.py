"""A trained model on arrays, paths and images: channels, sizes and flags."""

import numpy as np
import pytest
import tifffile

from cytally.errors import ImageError
from cytally.images.image import Image, Plane
from cytally.models.model import Model
from cytally.training.configuration import make_configuration


def with_input(model: Model, make_model, **changes) -> Model:
    configuration = model.card.configuration
    changed = configuration.model_copy(update={"input": configuration.input.model_copy(update=changes)})
    return make_model(changed, model.network)


def test_arrays_paths_planes_and_images_are_counted_alike(tiny_model, draw, tmp_path):
    pixels = draw(4).image[0]
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    image = Image.from_array(pixels)
    wanted = tiny_model.count(pixels).count
    assert wanted > 0
    for same in (tmp_path / "a.tif", str(tmp_path / "a.tif"), image, next(image.planes())):
        assert tiny_model.count(same).count == wanted


def test_a_prediction_is_in_pixels_of_the_image_and_its_density_sums_to_its_count(tiny_model, make_model, draw):
    model = with_input(tiny_model, make_model, downscale=2.0)
    prediction = model.count(draw(4, shape=(65, 50)).image[0])
    assert prediction.density.shape == (65, 50)
    assert prediction.density.dtype == np.float32
    assert prediction.density.sum(dtype=float) == pytest.approx(prediction.count, rel=1e-4)
    assert prediction.interval is None


def test_points_are_brought_back_to_the_image(tiny_model, make_model):
    model = with_input(tiny_model, make_model, downscale=4.0)
    painted = np.zeros((1, 16, 16), np.float32)
    painted[0, 3, 10] = 100
    model.run = lambda image: painted
    prediction = model.count(np.random.default_rng(0).random((64, 64)))
    assert prediction.count == pytest.approx(1)
    # the centre of pixel 3 of 4 x 4 pixels each lies at 3.5 x 4 - 0.5
    assert prediction.points[:, :2].tolist() == [[13.5, 41.5]]


def test_how_it_was_looked_at(tiny_model, make_model):
    model = with_input(tiny_model, make_model, pixel_size=0.5)
    plane = Plane(np.random.default_rng(0).random((1, 40, 40), np.float32), pixel_size=0.25)
    prediction, reading = model.predict(plane)
    assert (reading.factor, reading.channels) == (0.5, (0,))
    assert reading.diameter == pytest.approx(2 * model.method.cell_diameter)
    assert prediction.flags == ()


def test_the_pixel_size_can_be_told(tiny_model, make_model):
    model = with_input(tiny_model, make_model, pixel_size=0.5)
    pixels = np.random.default_rng(0).random((40, 40))
    assert "no-pixel-size" in model.count(pixels).flags
    told = model.count(pixels, pixel_size=0.25)
    assert told.flags == ()
    assert told.count == model.count(Image.from_array(pixels, pixel_size=0.25)).count


def test_group_norm_is_not_tileable_and_counted_whole(tiny_model, make_model, monkeypatch, draw):
    configuration = tiny_model.card.configuration
    options = configuration.options.model_copy(update={"normalisation": "group"})
    changed = configuration.model_copy(update={"options": options})
    model = make_model(changed, changed.build(1).network())
    assert tiny_model.tileable
    assert not model.tileable
    shapes, run = [], model.run
    monkeypatch.setattr(model, "run", lambda image: shapes.append(image.shape) or run(image))
    model.predict(Plane(draw(3).image), tile=16)
    assert shapes == [(1, 64, 64)]


def test_tiles_are_used_and_change_nothing(tiny_model, monkeypatch, draw):
    plane, sizes = Plane(draw(4).image), []
    whole = tiny_model.predict(plane)[0]
    run = tiny_model.run
    monkeypatch.setattr(tiny_model, "run", lambda image: sizes.append(image.shape) or run(image))
    tiled = tiny_model.predict(plane, tile=16)[0]
    assert len(sizes) == 16
    assert tiled.count == pytest.approx(whole.count, rel=1e-3)


def test_several_planes_are_refused_with_a_cure(tiny_model):
    with pytest.raises(ImageError, match=r"holds 3 scenes or time points; count each of Image.planes\(\)"):
        tiny_model.count(Image.from_array(np.zeros((3, 20, 20)), axes="TYX"))


def test_one_channel_takes_the_one_that_varies_most_and_a_missing_channel_is_refused(tiny_model):
    colours = np.zeros((20, 20, 3), np.uint8)
    colours[4:9, 4:9, 2] = 200
    assert tiny_model.count(colours).count == tiny_model.count(colours, channel=2).count
    with pytest.raises(ImageError, match="has 2 channels to count in, the model needs 1; use a model trained on such"):
        tiny_model.count(colours, channel="red,blue")
    with pytest.raises(ImageError, match="has no channel 'cyan'"):
        tiny_model.count(colours, channel="cyan")
    colours[2:6, 2:6, 1] = 90
    assert tiny_model.count(colours, channel="green").count > 0


@pytest.mark.parametrize(("value", "flag"), [(0, "black"), (255, "white"), (9, "constant")])
def test_featureless_images_are_flagged_and_counted_all_the_same(tiny_model, value, flag):
    prediction = tiny_model.count(np.full((20, 20), value, np.uint8))
    assert prediction.flags == (flag,)
    assert np.isfinite(prediction.count)


def test_a_model_has_the_name_of_its_card_or_of_its_method(tiny_model, make_model):
    assert tiny_model.name == "density"
    assert make_model(tiny_model.card.configuration, tiny_model.network, name="mine").name == "mine"


@pytest.mark.parametrize("value", [0, 7, 255])
def test_a_picture_without_contrast_holds_no_cell(tiny_model, value):
    prediction = tiny_model.count(np.full((32, 40), value, np.uint8))
    assert prediction.count == 0 and not prediction.density.any() and len(prediction.points) == 0
    assert len(prediction.flags) == 1


def test_the_count_by_area_passes_through_and_is_nothing_where_nothing_is(make_model):
    """Components of an output that is painted: 4 pixels and 12, where a nucleus has 4."""
    configuration = make_configuration(
        {
            "method": "nucleus-unet",
            "input": {"channels": "all", "normalisation": "none", "downscale": 2.0},
            "options": {"filters": 1, "levels": 1, "nucleus_area": 4.0},
        }
    )
    model = make_model(configuration, configuration.build(1).network())
    painted = np.zeros((1, 16, 16), np.float32)
    painted[0, 1:3, 1:3] = painted[0, 6:8, 4:10] = 0.9
    model.run = lambda image: painted
    prediction = model.count(np.random.default_rng(0).random((32, 32)))
    assert (prediction.count, prediction.count_by_area) == (2, 4)
    assert prediction.labels.shape == (32, 32)
    assert np.bincount(prediction.labels.ravel()).tolist() == [32 * 32 - 64, 16, 48]
    flat = model.count(np.full((32, 32), 7, np.uint8))
    assert (flat.count, flat.count_by_area, flat.labels.any(), len(flat.points)) == (0, 0, False, 0)


def test_models_that_do_not_count_by_area_say_so(tiny_model, draw):
    assert tiny_model.count(draw(3).image[0]).count_by_area is None
    assert tiny_model.count(np.zeros((32, 40), np.uint8)).count_by_area is None
