"""A search as a whole: its files, how it goes on after a kill, and what it refuses."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml

from cytally.errors import ConfigError, CytallyError, DataError, UsageError
from cytally.tasks import trial_run
from cytally.tasks.search import TuningProgress
from cytally.tasks.train import train
from cytally.tasks.tune import tune
from cytally.tasks.watch import Watch
from cytally.training.configuration import Configuration, read_configuration

SEARCH = {
    "training.learning_rate": {"low": 1e-5, "high": 1e-1, "log": True},
    "training.batch_size": {"low": 1, "high": 8},
}
TUNE = {
    "configuration": {"method": "density", "training": {"steps": 10, "learning_rate": 1e-4, "batch_size": 4}},
    "search": SEARCH,
    "trials": 8,
    "startup_trials": 4,
}
EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = {"trials.csv", "best.yaml", "importance.csv", "importance.png", "run.json", "study.json"}

Train = Callable[..., Any]


def fake(seconds: float = 0.0, stop_at: int = 99) -> Train:
    """A training whose error is least, 1, at a learning rate of 1e-3; Ctrl-C comes in run `stop_at`."""
    runs = [0]

    def pretend(configuration: Configuration, *_: Any, **__: Any) -> Any:
        time.sleep(seconds)
        runs[0] += 1
        if runs[0] > stop_at:
            raise KeyboardInterrupt
        rate, batch = configuration.training.learning_rate, configuration.training.batch_size
        if rate > 0.05:
            raise CytallyError("the loss is no longer a number at step 3", cure="lower training.learning_rate")
        error = 1 + (math.log10(rate) + 3) ** 2 + 0.001 * batch
        return SimpleNamespace(card=SimpleNamespace(validation={"mae": error}, provenance={"best_epoch": 1}))

    return pretend


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``training(seconds, stop_at)``: have trials train by `fake`."""
    return lambda *words, **settings: monkeypatch.setattr(trial_run, "train", fake(*words, **settings))


def without_seconds(study: Path) -> dict[str, Any]:
    values = json.loads(study.read_text())
    for trial in values["trials"]:
        trial.pop("seconds")
    return values


def test_a_search_writes_what_it_found(training: Callable[..., None], data: Path, tmp_path: Path) -> None:
    training()
    seen: list[TuningProgress] = []
    notes: list[str] = []
    out = tmp_path / "out"
    tuned = tune(TUNE, out, data=data, watch=Watch(on_note=notes.append), on_progress=seen.append)
    assert {path.name for path in out.iterdir()} == FILES
    table = pd.read_csv(out / "trials.csv")
    assert list(table.columns) == ["number", "state", "value", *SEARCH, "seconds", "best_epoch", "error"]
    assert list(table["number"]) == list(range(8)) and table["training.learning_rate"][0] == 1e-4
    assert tuned.best.value == table["value"].min() < table["value"][0]
    failed = table[table["state"] == "failed"]
    assert len(failed) == len(notes) and all("no longer a number" in text for text in failed["error"])
    best = read_configuration(out / "best.yaml")
    assert best == tuned.configuration and best.training.learning_rate == tuned.best.settings["training.learning_rate"]
    header = [line for line in (out / "best.yaml").read_text().splitlines() if line.startswith("# ")]
    assert f"Trial {tuned.best.number}: mae" in header[1] and "(was 0.0001)" in header[2]
    assert set(yaml.safe_load((out / "best.yaml").read_text())) >= {"method", "options", "training", "counting"}
    importance = pd.read_csv(out / "importance.csv")
    assert importance["parameter"][0] == "training.learning_rate" and importance["n"][0] == 8
    run = json.loads((out / "run.json").read_text())
    assert run["task"] == "tune" and run["made_by"]["optuna"] and run["data"] == str(data)
    done = [at.done for at in seen]
    assert done == sorted(done) and done[-1] == 1.0 and seen[-1].best == tuned.best


@pytest.mark.parametrize("strategy", ["bayesian", "one-at-a-time"])
def test_ctrl_c_keeps_what_is_finished_and_a_resumed_search_is_the_same(
    strategy: str, training: Callable[..., None], data: Path, tmp_path: Path
) -> None:
    config = {**TUNE, "strategy": strategy}
    training()
    whole = tune(config, tmp_path / "whole", data=data)
    training(stop_at=5)
    with pytest.raises(KeyboardInterrupt):
        tune(config, tmp_path / "out", data=data)
    assert len(pd.read_csv(tmp_path / "out" / "trials.csv")) == 5
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    training()
    resumed = tune(config, tmp_path / "out", data=data, resume=True)
    assert len(resumed.trials) == len(whole.trials) == 8
    assert without_seconds(tmp_path / "out" / "study.json") == without_seconds(tmp_path / "whole" / "study.json")
    for name in ("best.yaml", "importance.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


KILLED = """
import json, sys
sys.path.insert(0, sys.argv[1])
import test_tune
from cytally.tasks import trial_run, tune
trial_run.train = test_tune.fake(0.3)
tune.tune(test_tune.TUNE, sys.argv[2], data=sys.argv[3])
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_search_that_was_killed_goes_on(training: Callable[..., None], data: Path, tmp_path: Path) -> None:
    out, study = tmp_path / "out", tmp_path / "out" / "study.json"
    words = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(out), str(data)]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True)
    deadline = time.monotonic() + 120
    while not study.is_file() or len(json.loads(study.read_text())["trials"]) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.15)  # into the fourth trial
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    killed = without_seconds(study)["trials"]
    assert 3 <= len(killed) < 8 and len(pd.read_csv(out / "trials.csv")) in (len(killed), len(killed) - 1)
    (out / ".1234-study.json").write_text("{")  # what a kill in the middle of writing leaves
    training()
    assert len(tune(TUNE, out, data=data, resume=True).trials) == 8
    tune(TUNE, tmp_path / "whole", data=data)
    assert without_seconds(study) == without_seconds(tmp_path / "whole" / "study.json")
    assert without_seconds(study)["trials"][: len(killed)] == killed
    assert {path.name for path in out.iterdir()} == FILES


def test_more_trials_and_less_time(training: Callable[..., None], data: Path, tmp_path: Path) -> None:
    training(seconds=0.05)
    out = tmp_path / "out"
    first = tune(TUNE, out, data=data, trials=2)
    assert len(first.trials) == 2
    assert len(tune(TUNE, out, data=data, trials=4, resume=True).trials) == 4
    spent = sum(trial.seconds for trial in first.trials) / 60
    assert len(tune(TUNE, out, data=data, minutes=spent, resume=True).trials) == 4, "no trial begins"
    assert len(tune(TUNE, tmp_path / "new", data=data, minutes=0.06 / 60).trials) == 2
    assert len(tune(TUNE, out, data=data, trials=1, overwrite=True).trials) == 1


def test_another_search_is_not_gone_on_with(training: Callable[..., None], data: Path, tmp_path: Path) -> None:
    training()
    out = tmp_path / "out"
    tune(TUNE, out, data=data, trials=1)
    with pytest.raises(UsageError, match="exists"):
        tune(TUNE, out, data=data)
    for changes, settings, says in (
        ({"seed": 1}, (), r"\(seed was 0 and is 1 now\)"),
        ({"objective": "rmse"}, (), "objective"),
        ({}, ("training.steps=20",), "configuration.training.steps was 10"),
    ):
        with pytest.raises(UsageError, match=says):
            tune({**TUNE, **changes}, out, data=data, settings=settings, resume=True)
    other = tmp_path / "other"
    shutil.copytree(data / "images", other / "images")
    (other / "points.csv").write_text("image,y,x\na.png,1,1\n")
    with pytest.raises(UsageError, match="images was"):
        tune(TUNE, out, data=other, resume=True)
    shutil.copyfile(data / "points.csv", other / "points.csv")
    assert len(tune(TUNE, out, data=other, trials=2, resume=True).trials) == 2, "a folder may move"


def test_what_is_wrong_is_told_before_anything_is_written(data: Path, tmp_path: Path) -> None:
    out, endless = tmp_path / "out", {"configuration": {"method": "density"}, "search": SEARCH}
    carried = {**TUNE, "configuration": {"method": "density", "training": {"steps": 2}, "transfer": {}}}
    shares = {**TUNE, "search": {"transfer.first_share": {"low": 0.1, "high": 0.5}}}
    for config, settings, error, says in (
        (TUNE, {}, UsageError, "no data to tune on"),
        (TUNE, {"data": data, "minutes": 0}, UsageError, "0 minutes"),
        (TUNE, {"data": data, "trials": 0}, ConfigError, "'trials'"),
        (TUNE, {"data": data, "settings": ["nothing"]}, ConfigError, "key=value"),
        (TUNE, {"data": data, "settings": ["method.x=1"]}, ConfigError, "'method' holds a value"),
        (TUNE, {"data": data, "settings": ["training.batch_sise=1"]}, ConfigError, "batch_size"),
        (TUNE, {"data": tmp_path / "none"}, DataError, "none"),
        (endless, {"data": data}, ConfigError, "when a trial ends"),
        (carried, {"data": data}, ConfigError, "a transfer cannot be tuned"),
        (shares, {"data": data}, ConfigError, "a transfer cannot be tuned"),
        (tmp_path / "none.yaml", {"data": data}, ConfigError, "no such configuration"),
        ({**TUNE, "configuration": tmp_path / "none.yaml"}, {"data": data}, ConfigError, "no such configuration"),
        ({**TUNE, "synthesize": {"preset": "nothing"}}, {}, ConfigError, "preset"),
    ):
        with pytest.raises(error, match=says):
            tune(config, out, **settings)  # type: ignore[arg-type]
        assert not out.exists()


def test_trials_that_all_fail_are_told(training: Callable[..., None], data: Path, tmp_path: Path) -> None:
    training()
    config = {**TUNE, "search": {"training.learning_rate": {"low": 0.1, "high": 0.5}}, "trials": 3}
    with pytest.raises(CytallyError, match=r"no trial came to its end \(trial 0: the loss is no longer a number"):
        tune(config, tmp_path / "out", data=data)
    assert list(pd.read_csv(tmp_path / "out" / "trials.csv")["state"]) == ["failed"] * 3
    assert not (tmp_path / "out" / "best.yaml").exists()


@pytest.mark.parametrize("name", ["tune-density.yaml", "tune-twin-vae.yaml"])
def test_the_examples_get_as_far_as_their_first_trial(
    name: str, monkeypatch: pytest.MonkeyPatch, data: Path, tmp_path: Path
) -> None:
    def stop(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(trial_run, "train", stop)
    with pytest.raises(KeyboardInterrupt):
        tune(EXAMPLES / name, tmp_path / "out", data=data)
    assert (tmp_path / "out" / "trials.csv").is_file()


def test_a_real_search_on_drawn_images(tmp_path: Path) -> None:
    """Three drawn images, a tiny network, two steps; then the best configuration trains as it is."""
    config = tmp_path / "tune.yaml"
    small = {"preset": "fluorescent-nuclei", "images": 3, "seed": 1, "settings": {"shape": [48, 48]}}
    (tmp_path / "density.yaml").write_text(
        "method: density\ninput: {channels: all}\noptions: {sigma: 2, channels: [2, 4], normalisation: layer}\n"
        "training: {batch_size: 1, crop: 32, steps: 9, validation: 1}\n"
    )
    config.write_text(
        yaml.safe_dump({"configuration": "density.yaml", "synthesize": small, "search": SEARCH, "trials": 3})
    )
    out = tmp_path / "out"
    tuned = tune(config, out, settings=["training.steps=2"])
    assert tuned.data == out / "data" and len(list((out / "data" / "images").iterdir())) == 3
    assert [trial.state for trial in tuned.trials] == ["complete"] * 3 and tuned.best.seconds > 0
    assert tuned.configuration.training.steps == 2
    again = tune(config, tmp_path / "again", settings=["training.steps=2"])
    assert without_seconds(tmp_path / "again" / "study.json") == without_seconds(out / "study.json")
    more = tune(config, out, settings=["training.steps=2"], trials=4, resume=True)
    assert len(more.trials) == 4 and more.data == out / "data"
    model = train(out / "best.yaml", again.data)
    assert model.card.validation["mae"] == pytest.approx(more.best.value, abs=1e-6)
