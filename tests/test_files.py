import pytest

from cytally.files import whole_file, write_text


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "a.csv"
    with whole_file(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.suffix == ".csv"
        assert temporary.parent == path.parent
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path):
    path = tmp_path / "a.csv"
    write_text(path, "earlier")
    with pytest.raises(OSError, match="disk full"), whole_file(path) as temporary:
        temporary.write_text("hal")
        raise OSError("disk full")
    assert path.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interruption_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "a.csv") as temporary:
        temporary.write_text("hal")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_text_is_written_as_utf8(tmp_path):
    write_text(tmp_path / "a.txt", "3 µm²\n")
    assert (tmp_path / "a.txt").read_bytes() == "3 µm²\n".encode()
