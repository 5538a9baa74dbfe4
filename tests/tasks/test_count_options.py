"""Options that make little sense on this machine."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from cytally.tasks import count_options
from cytally.tasks.count_options import GIB, CountOptions


@pytest.fixture(autouse=True)
def sixteen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 16 GiB."""
    monkeypatch.setattr(count_options.psutil, "virtual_memory", lambda: SimpleNamespace(total=16 * GIB))


def test_more_memory_than_there_is_is_told() -> None:
    told = "--memory is 500 GiB, and this machine has 16.0: give less to leave room for others."
    assert CountOptions(memory=500).too_much_memory() == told
    assert CountOptions(memory=16).too_much_memory() == ""


def test_workers_elsewhere_may_have_more() -> None:
    assert CountOptions(memory=500, scheduler="tcp://host:8786").too_much_memory() == ""
