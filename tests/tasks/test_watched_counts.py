import pytest

from cytally.tasks.count_row import CountRow
from cytally.tasks.watched_counts import WatchedCounts


def row(image):
    return CountRow(image, 1.0, None, None, None, None, "m", ())


@pytest.fixture
def counts(tmp_path):
    found = WatchedCounts(tmp_path, 10)
    found.write()
    return found


def test_stems_differ_also_where_an_ending_is_part_of_a_name(counts):
    stems = []
    for name in ("a.png", "a_tif.png", "a.tif", "A.ome.tif"):
        stems.append(counts.stem(name))
        counts.add(name, [row(name)], 0, ())
    assert stems == ["a", "a_tif", "a_tif_2", "A_ome_tif"]
    assert counts.stem("a.png") == "a"


def test_a_later_sitting_names_and_places_files_alike(counts, tmp_path):
    counts.add("t1.png", [row("t1.png#0,0"), row("t1.png#0,1")], 0, ())
    counts.add("t1.tif", [row("t1.tif")], 1, ())
    again = WatchedCounts(tmp_path, 10)
    again.take_over(3)
    assert again.rows == counts.rows and again.minutes == counts.minutes == [0, 0, 10]
    assert again.files == ["t1.png", "t1.tif"] and again.stem("t1.tif") == "t1_tif"


def test_a_file_that_fails_late_moves_those_after_it(counts, tmp_path):
    for name in ("a.png", "c.png"):
        counts.add(name, [row(name)], 0, ())
    counts.place_anew(["b.png"])
    assert counts.minutes == [0, 20]
    assert (tmp_path / "counts.csv").read_text().splitlines()[-1].endswith(",20")


def test_the_planes_of_a_file_are_there_together_or_not_at_all(counts, tmp_path, monkeypatch):
    counts.add("a.tif", [row("a.tif")], 0, ())

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("cytally.files.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        counts.add("b.tif", [row("b.tif#0,0"), row("b.tif#0,1")], 1, ())
    monkeypatch.undo()
    again = WatchedCounts(tmp_path, 10)
    again.take_over(1)
    assert again.files == ["a.tif"]
