import io
import pickle

import numpy as np
import pytest
import torch

from cytally.errors import ModelError
from cytally.training.checkpoint import load_checkpoint, save_checkpoint

STATE = {"weights": {"a": torch.arange(6.0).reshape(2, 3)}, "state": {"epoch": 3, "history": [{"mae": 1.5}]}}


def test_what_is_saved_comes_back(tmp_path):
    save_checkpoint(tmp_path / "run" / "checkpoint.pt", STATE)
    found = load_checkpoint(tmp_path / "run" / "checkpoint.pt")
    assert found["state"] == STATE["state"]
    assert torch.equal(found["weights"]["a"], STATE["weights"]["a"])
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["checkpoint.pt"]


def test_a_failed_save_leaves_the_earlier_one(tmp_path):
    path = tmp_path / "checkpoint.pt"
    save_checkpoint(path, STATE)
    before = path.read_bytes()
    with pytest.raises(Exception, match="pickle"):
        save_checkpoint(path, {"state": lambda: None})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_one_is_refused(tmp_path):
    with pytest.raises(ModelError, match="there is no checkpoint to resume from; train anew with --overwrite"):
        load_checkpoint(tmp_path / "checkpoint.pt")


def test_cut_short_or_mangled_it_is_refused_whatever_is_left(tmp_path):
    whole, path = tmp_path / "whole.pt", tmp_path / "checkpoint.pt"
    save_checkpoint(whole, STATE)
    data = whole.read_bytes()
    rng = np.random.default_rng(0)
    broken = [data[:length] for length in (0, 1, 3, 30, len(data) // 2, len(data) - 1)]
    broken += [b"text", b"\x80\x02}q\x00.", b"\x80\x05", b"PK\x03\x04", pickle.dumps([1, 2])]
    broken += [rng.bytes(length) for length in (1, 9, 100, 1000)]
    for content in broken:
        path.write_bytes(content)
        with pytest.raises(ModelError, match=r"checkpoint.pt: is "):
            load_checkpoint(path)


class Payload:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return open, (str(self.mark), "w")


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_it_is_never_run(tmp_path, zipped):
    mark, path = tmp_path / "ran", tmp_path / "checkpoint.pt"
    content = io.BytesIO()
    torch.save({"version": 1, "state": Payload(mark)}, content, _use_new_zipfile_serialization=zipped)
    path.write_bytes(content.getvalue())
    with pytest.raises(ModelError, match="is no readable checkpoint"):
        load_checkpoint(path)
    assert not mark.exists()
    torch.load(path, weights_only=False)
    assert mark.exists(), "the payload is a dud, so this showed nothing"


@pytest.mark.parametrize("content", [{"version": 99}, {}, [1], torch.zeros(2)], ids=str)
def test_another_version_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "checkpoint.pt")
    with pytest.raises(ModelError, match="of another version"):
        load_checkpoint(tmp_path / "checkpoint.pt")
