"""`cytally transfer` as a user sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import Result

from cytally.models.model import Model
from cytally.models.store import save
from cytally.training.configuration import make_configuration

Call = Callable[..., Result]
Save = Callable[..., Path]
TWIN = ("--set", "method=twin-vae", "--set", "options=null")
FREEZE = "transfer.freeze=[encoders,downs,ups,decoders,bottom,head]"


@pytest.fixture(autouse=True)
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing curves.png takes longer than everything else."""
    monkeypatch.setattr("cytally.tasks.model_folder.training_curves", lambda history, path: None)


@pytest.fixture
def save_model(make_model: Callable[..., Model], tmp_path: Path) -> Save:
    """``save_model(name, channels, settings)``: a model folder that was never trained."""

    def make(name: str, channels: int = 1, **settings: Any) -> Path:
        configuration = make_configuration({"input": {"channels": "all"}, **settings})
        save(make_model(configuration, configuration.build(channels).network(), channels), tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture
def source(save_model: Save) -> Path:
    """A model with the network of `config`."""
    return save_model("first", method="density", options={"sigma": 2, "channels": [2, 4], "normalisation": "layer"})


def test_transfer_tells_what_it_did(data: Path, config: Path, call: Call, tmp_path: Path) -> None:
    source, out, back = (tmp_path / name for name in ("first", "second", "third"))
    assert call("train", config, "-o", source, "--data", data).exit_code == 0
    words = ("--from", source, config, "-o", out, "--data", data)
    result = call("transfer", *words, "--set", "transfer.strategy=frozen-core")
    assert result.exit_code == 0, result.output
    assert result.stderr.splitlines()[0] == f"Carrying {source} over to {data} as {config} says"
    assert "note: The model to begin with has seen the one validation image" in result.stderr
    told = result.stdout.splitlines()
    assert told[0].startswith("Trained 2 epochs in ") and told[1].startswith("Validation on 1 image:")
    assert told[2].startswith("The model as it came had a mean absolute error of ")
    assert told[3] == "Strategy frozen-core: 1 part (bottom) was frozen over the whole run"
    assert told[4:] == ["Only natural images were shown, nothing was drawn", f"Model: {out}",
                        f"Report: {out / 'report.html'}"]  # fmt: skip
    assert (out / "report.html").is_file()
    again = call("transfer", "--from", out, config, "-o", back, "--data", data, "--minutes", "5")
    assert again.exit_code == 0 and "Strategy simultaneous: nothing was frozen" in again.stdout
    shown = call("models", "show", back)
    assert shown.stdout.splitlines()[0] == "Chain: first -> second (frozen-core) -> this model (simultaneous)"
    chain = yaml.safe_load(shown.stdout)["provenance"]["start"]["chain"]
    assert chain == json.loads((back / "model.json").read_text())["provenance"]["start"]["chain"] and len(chain) == 2


def test_a_run_goes_on_and_its_folder_is_replaced_only_where_asked(
    data: Path, config: Path, source: Path, call: Call, tmp_path: Path
) -> None:
    out = tmp_path / "second"
    words = ("transfer", "--from", source, config, "-o", out, "--data", data)
    assert call(*words).exit_code == 0
    before = {path: path.read_bytes() for path in out.iterdir() if path.is_file()}
    refused = call(*words)
    assert refused.exit_code == 2 and "the model folder exists" in refused.stderr.splitlines()[-1]
    assert {path: path.read_bytes() for path in out.iterdir() if path.is_file()} == before
    longer = call(*words, "--resume", "--set", "training.epochs=3")
    assert longer.exit_code == 0 and longer.stdout.startswith("Trained 3 epochs")
    anew = call(*words, "--overwrite")
    assert anew.exit_code == 0 and anew.stdout.startswith("Trained 2 epochs")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "the strategy simultaneous with these parts freezes the whole network"),
        (("--set", "transfer.freeze=[nose]"), "'transfer.freeze' names 'nose', and the network has no such part"),
        (("--set", "transfer.strategy=froze"), "config.yaml: 'transfer.strategy': input should be 'simultaneous'"),
        (
            ("--set", "transfer.strategy=thaw", "--set", "transfer.thaw_at=[0.5,0.4]"),
            "config.yaml: 'transfer': the stages are out of order: 0.4 comes after 0.5 in thaw_at",
        ),
        (
            ("--set", "transfer.strategy=thaw", "--set", "transfer.thaw_at=[0.2,0.3,0.4]"),
            "there are 3 shares in transfer.thaw_at, but the method has 2 stages: level-1, bottom",
        ),
        (
            ("--set", "transfer.strategy=thaw", "--set", "training.epochs=null"),
            "the stages thaw by shares of the run, and nothing says how long this one is; give --minutes",
        ),
        (("--set", "drawn.ratio=-1"), "config.yaml: 'drawn.ratio': input should be greater than or equal to 0"),
        (
            ("--set", "options.channels=[2,5]"),
            "the model to begin with has another network: 'bottom.0.0.weight' is (4, 2",
        ),
        (
            ("--from", "TWIN"),
            "the model 'twin-vae' to begin with is of the method 'twin-vae', and this trains 'density'",
        ),
        (("--from", "COLOUR"), "the number of channels of the model to begin with is 3, and that of these images 1"),
        (("--from", "nothing-such"), "there is no such model"),
        (("--set", "transfer.first=drawn"), "the method density sees no pictures in turn, so that none can be first"),
        (
            (*TWIN, "--set", "drawn.ratio=0", "--set", "transfer.first=drawn"),
            "with a drawn.ratio of 0 nothing is drawn, and drawn pictures cannot be first",
        ),
        (
            (*TWIN, "--set", "drawn.ratio=0.5", "--set", "transfer.first_share=1"),
            "'transfer.first_share': input should be",
        ),
        (("--minutes", "0"), "a budget of 0.0 minutes makes no sense"),
        (("--data", "EMPTY"), "images: holds no image; name a folder with files that end in"),
        (("--resume", "--overwrite"), "--resume and --overwrite contradict each other"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_one_line_and_nothing_is_written(
    words: tuple[str, ...],
    says: str,
    data: Path,
    config: Path,
    source: Path,
    save_model: Save,
    call: Call,
    tmp_path: Path,
) -> None:
    (tmp_path / "empty" / "images").mkdir(parents=True)
    options = {"sigma": 2, "channels": [2, 4], "normalisation": "layer"}
    places = {
        "EMPTY": tmp_path / "empty",
        "TWIN": save_model("twin", method="twin-vae", options={"channels": [2] * 4, "hidden": 4, "latent": 4}),
        "COLOUR": save_model("colour", 3, method="density", options=options),
    }
    given = [places.get(word, word) for word in words] or ["--set", FREEZE]
    before = sorted(tmp_path.rglob("*"))
    result = call("transfer", "--from", source, config, "-o", tmp_path / "out", "--data", data, *given)
    assert result.exit_code == 2 and result.stdout == ""
    (line,) = [line for line in result.stderr.splitlines() if not line.startswith(("Carrying ", "note: "))]
    assert line.startswith("error: ") and says in line
    assert sorted(tmp_path.rglob("*")) == before


def test_the_section_is_for_a_trained_model(data: Path, config: Path, source: Path, call: Call, tmp_path: Path) -> None:
    given = ("train", config, "-o", tmp_path / "out", "--data", data, "--set", "transfer.strategy=frozen-core")
    result = call(*given)
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert line == (
        "error: the section 'transfer' is about a trained model, and none is given; run 'cytally transfer --from "
        "MODEL', or leave the section out"
    )
    assert call(*given, "--start", source).exit_code == 0


@pytest.mark.parametrize("words", [(), ("--from", "x")], ids=str)
def test_what_is_missing_is_named(words: tuple[str, ...], config: Path, call: Call, tmp_path: Path) -> None:
    result = call("transfer", config, "-o", tmp_path / "out", *words)
    missing = "--data" if words else "--from"
    assert result.exit_code == 2 and missing in result.stderr.splitlines()[-1] and result.stdout == ""
