"""The heat maps of plates."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image as Pillow

from cytally.report.plate_layout import HEIGHT, NARROWEST, WIDTH, PlateLayout
from cytally.report.plate_map import draw_plates, plate_figure, plate_summary
from cytally.report.plate_shape import PLATES, PlateShape, row_letters


def wells_of(counts: dict[tuple[str, str, int], float], images: int | list[int] = 1, flagged: int = 0) -> pd.DataFrame:
    """A table of wells: plate, row and column with the total count."""
    table = pd.DataFrame(list(counts), columns=["plate", "row", "column"])
    return table.assign(images=images, count_total=list(counts.values()), flagged_images=flagged).assign(
        count_mean=lambda table: table["count_total"] / table["images"]
    )


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    save = Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *given, **named: (figures.append(self), save(self, *given, **named))[1]
    )
    return figures


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_each_well_has_its_place_and_its_number(saved: list[Figure]) -> None:
    draw_plates(wells_of({("P", "A", 1): 10.0, ("P", "B", 3): 30.0}))
    axes = saved[0].axes[0]
    assert texts(saved[0]) == ["P", "A", "B", "1", "2", "3", "10", "30"]
    named = {text.get_text(): np.array(text.get_position()) for text in axes.texts}
    corner = [named["3"][0], named["B"][1]]
    assert named["30"] == pytest.approx(corner) and named["10"] == pytest.approx([named["1"][0], named["A"][1]])
    (mesh,) = axes.collections
    faces = mesh.get_facecolor().reshape(2, 3, 4)
    grey = np.ptp(faces[..., :3], axis=-1) == 0
    assert grey.tolist() == [[False, True, True], [True, True, False]], "wells without an image are grey"
    assert faces[1, 2].tolist() == pytest.approx([0.993248, 0.906157, 0.143936, 1], abs=1e-3), (
        "the most cells: viridis ends so"
    )
    assert saved[0].axes[1].get_ylabel() == "number of cells"


@pytest.mark.parametrize("shape", PLATES, ids=lambda shape: str(shape.wells))
def test_the_plate_is_the_smallest_that_fits(shape: PlateShape, saved: list[Figure]) -> None:
    draw_plates(wells_of({("", "A", 1): 1.0, ("", row_letters(shape.rows), shape.columns): 2.0}))
    (mesh,) = saved[0].axes[0].collections
    assert mesh.get_facecolor().reshape(-1, 4).shape[0] == shape.wells
    assert texts(saved[0])[:2] == ["A", "B"], "no title where there is no plate"


def test_different_numbers_of_images_show_the_mean(saved: list[Figure]) -> None:
    png = plate_figure(wells_of({("", "A", 1): 10.0, ("", "A", 2): 90.0}, images=[1, 3]))
    assert png is not None and "coloured by its mean number of cells per image" in png.caption
    assert texts(saved[0])[-2:] == ["10", "30"]


def test_plates_share_colours_and_shape(saved: list[Figure]) -> None:
    wells = wells_of({("one", "A", 1): 5.0, ("two", "H", 12): 9.0, ("$x_1$ three", "A", 1): 9.0})
    figure = plate_figure(wells)
    assert figure is not None and figure.title == "Plate maps" and figure.name == "plate"
    assert figure.png.startswith(b"\x89PNG") and Pillow.open(io.BytesIO(figure.png)).format == "PNG"
    assert [text for text in texts(saved[0]) if text in wells["plate"].tolist()] == ["one", "two", "$x_1$ three"]
    first, second, third = (mesh.get_facecolor().reshape(8, 12, 4) for mesh in saved[0].axes[0].collections)
    assert second[7, 11].tolist() == third[0, 0].tolist() != first[0, 0].tolist()


def test_flagged_wells_have_a_corner(saved: list[Figure]) -> None:
    draw_plates(wells_of({("", "A", 1): 5.0, ("", "B", 2): 5.0}, flagged=1))
    assert len(saved[0].axes[0].patches) == 2
    draw_plates(wells_of({("", "A", 1): 0.0}))  # one well without a cell has a scale, too
    assert len(saved[1].axes[0].patches) == 0


def test_one_well_full_of_dust_does_not_hide_the_others(saved: list[Figure]) -> None:
    counts = {("", row_letters(row), column): 100.0 + column for row in range(1, 9) for column in range(1, 14)}
    counts["", "C", 3] = 1e6
    draw_plates(wells_of(counts))
    (mesh,) = saved[0].axes[0].collections
    faces = mesh.get_facecolor().reshape(16, 24, 4)
    assert np.abs(faces[0, 0] - faces[0, 12])[:3].max() > 0.5


def test_numbers_are_left_out_where_they_have_no_room(saved: list[Figure]) -> None:
    counts = {("", "A", 1): 99999.0, ("", "AF", 48): 2.0}
    draw_plates(wells_of(counts))
    assert "48" in texts(saved[0]) and not {"99999", "2.0"} & set(texts(saved[0]))
    draw_plates(wells_of({("", "A", 1): 123456.0}))
    assert "123k" in texts(saved[1])


@pytest.mark.parametrize("shape", PLATES, ids=lambda shape: str(shape.wells))
@pytest.mark.parametrize("plates", [1, 2, 5, 40, 2600])
def test_plates_do_not_overlap_nor_leave_the_picture(shape: PlateShape, plates: int) -> None:
    layout = PlateLayout.of(plates, shape, titled=True)
    assert layout.across * layout.down >= plates and layout.side >= NARROWEST
    height, width = layout.size
    corners = np.array([layout.corner(number) for number in range(plates)])
    own_height, own_width = shape.rows * layout.side, shape.columns * layout.side
    assert corners.min() > 0
    assert corners[:, 0].max() + own_height < height and corners[:, 1].max() + own_width < width
    steps_y, steps_x = (np.diff(np.unique(axis)) for axis in corners.T)
    assert (steps_y >= own_height + layout.top).all() and (steps_x >= own_width + layout.left).all()
    if plates < 5:
        assert layout.named and width <= WIDTH + 1 and height <= max(HEIGHT, 150) + 10


def test_very_many_plates_are_still_a_picture(saved: list[Figure]) -> None:
    png = draw_plates(wells_of({(f"P{plate}", "H", 12): 1000.0 * (plate + 10) for plate in range(60)}))
    assert min(Pillow.open(io.BytesIO(png)).size) > 500
    assert texts(saved[0]) == [f"P{plate}" for plate in range(60)], "plates are named, rows and wells are too small"


def test_the_summary_has_a_row_per_plate() -> None:
    table = plate_summary(wells_of({("one", "A", 1): 10.0, ("one", "A", 2): 30.0, ("two", "A", 1): 7.0}, [1, 3, 1], 1))
    assert table.columns[:2] == ("Plate", "Wells") and all(map(bool, table.numeric()[1:]))
    assert table.rows == (("one", 2, 4, 40.0, 10.0, 0.0, 2), ("two", 1, 1, 7.0, 7.0, None, 1))


def test_without_wells_there_is_no_picture() -> None:
    assert plate_figure(wells_of({})) is None
