"""A bar in a terminal, lines elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from cytally.cli import console, progress
from cytally.cli.progress import Bar


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time that the bar sees."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_every_few_seconds(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        for second in range(13):
            clock[0] = 100.0 + second
            bar.images("Counting", second + 0.5 * (second == 5), 40)
    assert capsys.readouterr().err == "Counting: 5 of 40, about 30 s left\nCounting: 10 of 40, about 30 s left\n"


def test_each_stage_is_timed_by_itself_and_from_where_it_began(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with Bar() as bar:
        bar.images("Reading images", 9, 10)
        clock[0] += 60
        bar.share("Training, epoch 7", 0.5)
        assert capsys.readouterr().err == ""
        clock[0] += 60
        bar.share("Training, epoch 9", 0.6)
    assert capsys.readouterr().err == "Training, epoch 9: 60%, about 4.0 min left\n"


def test_looking_at_a_slide_says_nothing_about_how_long_it_takes(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """One slide, 20 s of which pass before its regions are counted, 1 % of it each second."""
    with Bar() as bar:
        bar.images("Counting", 0, 1)
        for second in range(1, 61):
            clock[0] += 1
            bar.images("Counting", 0.001 * min(second, 20) + 0.01 * max(0, second - 20), 1)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 12 and not any("left" in line for line in lines[:4])
    told = {line: float(line.split("about ")[1].split()[0]) for line in lines[4:]}
    for second, seconds in zip(range(25, 61, 5), told.values(), strict=True):
        assert seconds == pytest.approx(118 - second, rel=0.35)


def test_a_run_without_an_end_tells_no_time_left(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar.share("Training, epoch 1", 0.0)
        clock[0] += 6
        bar.share("Training, epoch 2", 0.0)
        clock[0] += 6
        bar.images("Counting", 0, 0)
    assert capsys.readouterr().err == "Training, epoch 2: 0%\n"


def test_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=100, highlight=False, markup=False, emoji=False)
    monkeypatch.setattr(console, "err", terminal)
    with Bar() as bar:
        bar.images("Counting", 1, 2)
        console.complain("b.png: is [bold] empty")
        bar.images("Counting", 2, 2)
    text = screen.getvalue()
    assert "━" in text and "2 of 2" in text and "error: b.png: is [bold] empty" in text
