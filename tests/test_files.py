import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

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


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda number: flushed.append((tmp_path / "a.csv").exists()))
    write_text(tmp_path / "a.csv", "whole")
    assert flushed == [False]


@pytest.mark.parametrize(("number", "raised"), [(errno.EINVAL, False), (errno.ENOSPC, True)])
def test_a_disk_that_is_full_once_it_is_flushed(tmp_path, monkeypatch, number, raised):
    def fsync(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="No space") if raised else nullcontext():
        write_text(tmp_path / "a.csv", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ([] if raised else ["a.csv"])


def test_threads_may_write_the_same_file_at_the_same_time(tmp_path):
    both = threading.Barrier(2)

    def write(text):
        with whole_file(tmp_path / "a.csv") as temporary:
            temporary.write_text(text)
            both.wait(10)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, ["one", "one"]))
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]
