import os

from cytally.tasks.arrivals import Arrivals, is_there


def everything(path, size, changed):
    return True


def names(paths):
    return sorted(path.name for path in paths)


def test_a_file_is_whole_once_two_looks_find_it_the_same(tmp_path):
    now = [100.0]
    arrivals = Arrivals(tmp_path, settle=2, patience=10, clock=lambda: now[0])
    (tmp_path / "1.tif").write_bytes(b"half")
    assert arrivals.look(everything) == []
    now[0] += 2
    (tmp_path / "1.tif").write_bytes(b"half and more")
    assert arrivals.look(everything) == []  # it grew
    now[0] += 1
    assert arrivals.look(everything) == []
    now[0] += 1
    assert names(arrivals.look(everything)) == ["1.tif"]


def test_a_file_written_again_with_the_same_size_is_waited_for(tmp_path):
    now = [0.0]
    arrivals = Arrivals(tmp_path, settle=1, patience=10, clock=lambda: now[0])
    path = tmp_path / "1.tif"
    path.write_bytes(b"1")
    arrivals.look(everything)
    os.utime(path, (5, 5))
    now[0] = 1
    assert arrivals.look(everything) == []


def test_empty_hidden_and_unwanted_files_and_folders_are_left(tmp_path):
    arrivals = Arrivals(tmp_path, settle=0, patience=10, clock=lambda: 0.0)
    for name in (".1.tif", "2.txt", "3.tif"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "4.tif").touch()
    (tmp_path / "5.tif").mkdir()
    assert names(arrivals.look(lambda path, size, changed: path.suffix == ".tif")) == ["3.tif"]


def test_a_folder_that_vanishes_and_returns(tmp_path):
    folder = tmp_path / "drive"
    folder.mkdir()
    arrivals = Arrivals(folder, settle=0, patience=10, clock=lambda: 0.0)
    assert arrivals.look(everything) == []
    folder.rename(tmp_path / "away")
    assert arrivals.look(everything) is None
    (tmp_path / "away").rename(folder)
    (folder / "1.tif").write_bytes(b"x")
    assert names(arrivals.look(everything)) == ["1.tif"]


def test_patience_ends_when_a_file_has_long_been_the_same(tmp_path):
    now = [0.0]
    arrivals = Arrivals(tmp_path, settle=0, patience=10, clock=lambda: now[0])
    path = tmp_path / "1.tif"
    path.write_bytes(b"x")
    arrivals.look(everything)
    assert arrivals.waits_for(path)
    now[0] = 10
    assert not arrivals.waits_for(path)


def test_a_file_is_there_while_its_folder_is(tmp_path):
    path = tmp_path / "drive" / "1.tif"
    assert not is_there(path)
    path.parent.mkdir()
    path.touch()
    assert is_there(path)
