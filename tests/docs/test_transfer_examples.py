"""Every examples/transfer-*.yaml is a transfer that runs, on drawn data and for a few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from typer.testing import CliRunner

from cytally.cli.main import app
from cytally.models.card import ModelCard
from cytally.models.store import load
from cytally.training.configuration import read_configuration
from cytally.training.freezing import is_part_of

EXAMPLES = Path(__file__).parents[2] / "examples"
STRATEGIES = ("simultaneous", "frozen-core", "frozen-outer", "thaw")
OTHERS = ("paper", "density")
TINY = (
    "options.channels=[2,2,2,2]",
    "options.hidden=4",
    "options.latent=4",
    "drawn.images=4",
    "training.batch_size=4",
    "training.steps=10",
)
SMALL = ("training.batch_size=2", "training.crop=64", "training.steps=2")


def name(strategy: str) -> Path:
    return EXAMPLES / f"transfer-{strategy}.yaml"


def run(command: str, *arguments: str | Path, settings: tuple[str, ...] = ()) -> str:
    """Run one command, which has to succeed."""
    line = [command, *map(str, arguments), *(word for setting in settings for word in ("--set", setting))]
    outcome = CliRunner().invoke(app, line)
    assert outcome.exit_code == 0, f"{line}\n{outcome.output}"
    return outcome.output


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two techniques, as `cytally synthesize` draws them, and a source for each file."""
    room = tmp_path_factory.mktemp("transfer")
    run("synthesize", EXAMPLES / "realistic-phase-contrast.yaml", "-o", room / "old", "--images", "5")
    run("synthesize", EXAMPLES / "realistic-bright-field.yaml", "-o", room / "new", "--images", "5", "--seed", "1")
    for source, example in (("small", "twin-vae-small.yaml"), ("paper", "twin-vae.yaml")):
        run("train", EXAMPLES / example, "--data", room / "old", "-o", room / source, settings=TINY)
    return room


def carried_over(room: Path, source: str | Path, strategy: str, settings: tuple[str, ...]) -> tuple[ModelCard, str]:
    out = room / f"new-{strategy}"
    told = run("transfer", "--from", source, name(strategy), "--data", room / "new", "-o", out, settings=settings)
    assert (out / "report.html").is_file()
    return load(out).card, told


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy_runs_from_its_file(room: Path, strategy: str) -> None:
    card, told = carried_over(room, str(room / "small"), strategy, TINY)
    transfer = card.provenance["transfer"]
    assert card.configuration.transfer is not None and card.configuration.transfer.strategy == strategy
    assert card.configuration.drawn.ratio == 2
    assert bool(transfer["frozen"]) == (strategy != "simultaneous")
    assert [stage["at"] for stage in transfer["stages"]] == ([0.2, 0.4, 0.6, 0.8] if strategy == "thaw" else [])
    assert [link["name"] for link in card.provenance["start"]["chain"]] == ["small"]
    assert f"{transfer['before']['mae']:.2f} cells" in told
    if strategy != "thaw":
        before, after = (load(room / model).network.state_dict() for model in ("small", f"new-{strategy}"))
        same = {key for key, value in before.items() if torch.equal(value, after[key])}
        frozen = {key for key in before if is_part_of(key, transfer["frozen"])}
        assert frozen <= same < set(before)


def test_the_files_of_the_paper_and_of_density_run(room: Path) -> None:
    card, _ = carried_over(room, str(room / "paper"), "paper", TINY)
    options = card.configuration.options
    assert (options.reconstruction_weight, options.count_weight, options.divergence_weight) == (1000, 1, 1)
    card, _ = carried_over(room, "nuclei-fluorescence", "density", SMALL)
    assert card.method == "density" and card.configuration.drawn.ratio == 0


def test_no_file_is_left_out() -> None:
    assert set(EXAMPLES.glob("transfer-*.yaml")) == {name(one) for one in (*STRATEGIES, *OTHERS)}


@pytest.mark.parametrize("strategy", STRATEGIES[1:])
def test_the_files_of_strategies_differ_in_their_section_alone(strategy: str) -> None:
    def rest(one: str) -> dict[str, Any]:
        values: dict[str, Any] = yaml.safe_load(name(one).read_text(encoding="utf-8"))
        return {key: value for key, value in values.items() if key != "transfer"}

    assert rest(strategy) == rest("simultaneous")


def test_the_sections_that_have_to_fit_the_source_are_its_own() -> None:
    before, after = read_configuration(EXAMPLES / "twin-vae-small.yaml"), read_configuration(name("simultaneous"))
    for section in ("options", "augmentation", "counting"):
        assert getattr(before, section) == getattr(after, section), section
    bundled, dense = load("nuclei-fluorescence").card.configuration, read_configuration(name("density"))
    assert (bundled.input, bundled.options) == (dense.input, dense.options)
