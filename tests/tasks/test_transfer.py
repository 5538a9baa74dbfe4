"""Carrying a model over: frozen files, chains, going on, and what is refused before anything is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

import cytally
from cytally.errors import ConfigError, CytallyError, DataError, ModelError, UsageError
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.start import chain_of
from cytally.tasks.train import train
from cytally.tasks.transfer import transfer
from cytally.tasks.watch import Watch
from cytally.training import loop

DENSITY: dict[str, Any] = {
    "method": "density",
    "input": {"channels": "all"},
    "options": {"sigma": 2.0, "channels": [2, 2, 4]},
    "training": {"batch_size": 2, "crop": 16, "steps": 4, "validation": 1, "weight_decay": 0.1, "averaging": 0.5},
}
TWIN: dict[str, Any] = {
    "method": "twin-vae",
    "options": {"channels": [2, 2, 2, 2], "hidden": 4, "latent": 4, "larger": "resize"},
    "drawn": {"images": 3},
    "training": {"batch_size": 2, "steps": 4, "validation": 1, "validate_every": 9, "averaging": 0.5},
}
METHODS = pytest.mark.parametrize("settings", [DENSITY, TWIN], ids=["density", "twin-vae"])
CORE = {
    "twin-vae": ("shared_encoder.", "mean.", "log_variance.", "expand.", "shared_decoder.", "regressor."),
    "density": ("encoders.1.", "downs.1.", "ups.0.", "decoders.0.", "bottom."),
}


def changed(settings: dict[str, Any], **sections: dict[str, Any]) -> dict[str, Any]:
    names = {*settings, *sections} - {"method"}
    return {"method": settings["method"]} | {
        name: {**settings.get(name, {}), **sections.get(name, {})} for name in names
    }


@pytest.fixture(scope="module")
def fields(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data folders, `phase` and `bright`, of three images of 48 × 40 pixels with two cells each."""
    root = tmp_path_factory.mktemp("fields")
    for folder, level in (("phase", 0), ("bright", 50)):
        (root / folder / "images").mkdir(parents=True)
        rows = ["image,y,x"]
        for number in range(3):
            picture = np.random.default_rng([level, number]).integers(level, 200, (48, 40), dtype=np.uint8)
            (root / folder / "images" / f"{number}.png").write_bytes(imagecodecs.png_encode(picture))
            rows += [f"{number}.png,5,6", f"{number}.png,30,20"]
        (root / folder / "points.csv").write_text("\n".join([*rows, ""]))
    return root


@pytest.fixture(scope="module")
def sources(fields: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of each method, trained for a moment on `phase`. Not to be changed."""
    root = tmp_path_factory.mktemp("sources")
    train(DENSITY, fields / "phase", root / "density")
    train(changed(TWIN, drawn={"ratio": 1.0}), fields / "phase", root / "twin-vae")
    return root


@pytest.fixture(autouse=True)
def no_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing curves.png takes longer than everything else."""
    monkeypatch.setattr("cytally.tasks.model_folder.training_curves", lambda history, path: None)


# What is frozen


@METHODS
@pytest.mark.parametrize("strategy", ["simultaneous", "frozen-core", "frozen-outer"])
def test_the_files_of_a_transfer_hold_the_very_bytes_that_were_frozen(
    settings: dict[str, Any], strategy: str, fields: Path, sources: Path, tmp_path: Path
) -> None:
    method, out = settings["method"], tmp_path / "out"
    transfer(sources / method, changed(settings, transfer={"strategy": strategy}), fields / "bright", out)
    before, after = (load_file(each / "weights.safetensors") for each in (sources / method, out))
    assert before.keys() == after.keys()
    same = {name for name in before if before[name].tobytes() == after[name].tobytes()}
    core = {name for name in before if name.startswith(CORE[method])}
    frozen = {"simultaneous": set(), "frozen-core": core, "frozen-outer": before.keys() - core}[strategy]
    assert frozen <= same
    assert {name for name in before if name.endswith(".weight")} - frozen - same, "the rest learns"
    facts = json.loads((out / "model.json").read_text())["provenance"]["transfer"]
    assert bool(facts["frozen"]) is (strategy != "simultaneous") and facts["stages"] == []
    if method == "twin-vae":
        accurate = load_file(out / "most-accurate" / "weights.safetensors")
        assert all(before[name].tobytes() == accurate[name].tobytes() for name in frozen)


@METHODS
def test_thawing_is_written_down(settings: dict[str, Any], fields: Path, sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    given = changed(settings, transfer={"strategy": "thaw", "freeze": [CORE[settings["method"]][0][:-1]]})
    model = transfer(sources / settings["method"], given, fields / "bright", out)
    facts = json.loads((out / "model.json").read_text())["provenance"]["transfer"]
    assert facts == model.card.provenance["transfer"]
    stages = [each["name"] for each in facts["stages"]]
    # four steps: a stage at the share s of the run thaws before step 4s, rounded up
    due = {each["name"]: -int(-4 * each["at"] // 1) for each in facts["stages"] if each["at"] <= 0.75}
    assert facts["thawed_at"] == due and 3 <= len(due) <= len(stages)


@METHODS
def test_the_optimiser_of_the_source_is_not_gone_on_with(
    settings: dict[str, Any], fields: Path, sources: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(sources / settings["method"], source)
    assert (source / "checkpoint.pt").is_file()
    one = transfer(source, settings, fields / "bright")
    for rest in ("checkpoint.pt", "configuration.yaml", "split.json", "curves.csv"):
        (source / rest).unlink()
    two = transfer(source, settings, fields / "bright")
    assert all((one.network.state_dict()[name] == value).all() for name, value in two.network.state_dict().items())


def test_natural_images_alone_are_enough(fields: Path, sources: Path) -> None:
    notes: list[str] = []
    watch = Watch(on_note=notes.append, on_images=lambda what, done, total: notes.append(what))
    model = transfer(sources / "twin-vae", changed(TWIN, drawn={"ratio": 0}), fields / "bright", watch=watch)
    assert model.card.training_data["drawn"] == 0 and model.card.provenance["steps"] == 4
    assert not any("Drawing" in note for note in notes)
    source = load(sources / "twin-vae").network.state_dict()
    same = {name for name, value in model.network.state_dict().items() if (source[name] == value).all()}
    assert {name.partition(".")[0] for name in same if name.endswith("weight")} == {"drawn_encoder", "drawn_decoder"}


def test_without_a_section_nothing_is_frozen_and_the_paper_holds(fields: Path, sources: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(json.dumps(TWIN))
    for given in (TWIN, path):
        card = cytally.transfer(sources / "twin-vae", given, fields / "bright").card
        assert card.configuration.transfer is not None and card.configuration.transfer.strategy == "simultaneous"
        assert card.configuration.drawn.ratio == 2 and card.configuration.options.regressor_delay == 0


# The chain


def test_there_and_back_again(fields: Path, sources: Path, tmp_path: Path) -> None:
    bright, back = tmp_path / "bright-field", tmp_path / "back"
    source = tmp_path / "phase-contrast"
    shutil.copytree(sources / "density", source)
    transfer(source, changed(DENSITY, transfer={"strategy": "frozen-core"}), fields / "bright", bright)
    notes: list[str] = []
    model = transfer(bright, DENSITY, fields / "phase", back, watch=Watch(on_note=notes.append))
    chain = json.loads((back / "model.json").read_text())["provenance"]["start"]["chain"]
    assert [(link["name"], link["strategy"]) for link in chain] == [
        ("phase-contrast", None),
        ("bright-field", "frozen-core"),
    ]
    cards = [load(each).card for each in (source, bright)]
    assert [link["created"] for link in chain] == [card.provenance["created"] for card in cards]
    assert [link["data"] for link in chain] == [card.training_data["fingerprint"]["combined"] for card in cards]
    assert len({link["weights"] for link in chain}) == 2
    assert any("has seen the one validation image" in note for note in notes), "which the first model has"
    assert chain_of(model.card) == chain_of(load(back).card)
    third = transfer(model, DENSITY, fields / "bright")
    assert [link.name for link in chain_of(third.card)] == ["phase-contrast", "bright-field", "density"]


def test_a_model_of_before_chains_is_a_source_as_well(fields: Path, sources: Path, tmp_path: Path) -> None:
    source = tmp_path / "old"
    shutil.copytree(sources / "density", source)
    card = json.loads((source / "model.json").read_text())
    card["provenance"]["start"] = {"name": "density", "created": None, "weights": "0", "data": None}
    (source / "model.json").write_text(json.dumps(card))
    chain = chain_of(transfer(source, DENSITY, fields / "bright").card)
    assert [link.name for link in chain] == ["density", "old"], "what is known of the first is kept"


# Going on


def stopped_after(steps: int) -> Watch:
    def step(progress: Any) -> None:
        if progress.step >= steps:
            raise KeyboardInterrupt

    return Watch(on_step=step)


@METHODS
def test_killed_in_the_middle_of_a_thaw_it_goes_on(
    settings: dict[str, Any], fields: Path, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    given = changed(settings, transfer={"strategy": "thaw"}, training={"steps": 8, "validate_every": 1})
    source, whole, out = sources / settings["method"], tmp_path / "whole", tmp_path / "out"
    transfer(source, given, fields / "bright", whole)
    with pytest.raises(KeyboardInterrupt):
        transfer(source, given, fields / "bright", out, watch=stopped_after(5))
    assert not (out / "report.html").exists()
    model = transfer(source, given, fields / "bright", out, resume=True)
    assert (out / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()
    one, two = (json.loads((each / "model.json").read_text())["provenance"]["transfer"] for each in (whole, out))
    assert {**one, "step_seconds": 0} == {**two, "step_seconds": 0}, "the error as it came is not that of the resumed"
    assert model.card.provenance["steps"] == 8 and len(pd.read_csv(out / "curves.csv")) > 1
    assert (out / "report.html").exists()
    with pytest.raises(UsageError, match=r"transfer\.strategy was thaw and is simultaneous now"):
        transfer(source, settings | {"training": given["training"]}, fields / "bright", out, resume=True)


def test_another_source_is_not_gone_on_with(fields: Path, sources: Path, tmp_path: Path) -> None:
    other, out = tmp_path / "other", tmp_path / "out"
    train({**DENSITY, "seed": 1}, fields / "phase", other)
    transfer(sources / "density", DENSITY, fields / "bright", out)
    before = (out / "model.json").read_bytes()
    with pytest.raises(UsageError, match="not with the model that is given now"):
        transfer(other, DENSITY, fields / "bright", out, resume=True)
    assert (out / "model.json").read_bytes() == before


# What is refused


Refused = Callable[..., str]


@pytest.fixture
def refused(fields: Path, sources: Path, tmp_path: Path) -> Refused:
    def run(kind: type[CytallyError], settings: dict[str, Any], source: Path | Model | None = None, **more: Any) -> str:
        data = more.pop("data", fields / "bright")
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(kind) as caught:
            transfer(source or sources / settings["method"], settings, data, tmp_path / "out", **more)
        assert sorted(tmp_path.rglob("*")) == before, "nothing was written"
        line = caught.value.line()
        assert "\n" not in line and caught.value.cure
        return line

    return run


def test_a_source_of_another_method(refused: Refused, sources: Path) -> None:
    assert "is of the method 'twin-vae', and this trains 'density'" in refused(
        ModelError, DENSITY, sources / "twin-vae"
    )
    assert "is of the method 'density', and this trains 'twin-vae'" in refused(ModelError, TWIN, sources / "density")


@pytest.mark.parametrize(
    ("settings", "options", "name"),
    [
        (TWIN, {"latent": 5}, "mean.0.weight"),
        (TWIN, {"channels": [2, 2, 2, 3]}, "natural_encoder.9.weight"),
        (TWIN, {"regressor": "decoder"}, "regressor.1.weight"),
        (DENSITY, {"channels": [2, 2, 3]}, "bottom.0.0.weight"),
        (DENSITY, {"channels": [2, 2]}, "bottom.0.0.weight"),
    ],
    ids=str,
)
def test_a_source_of_another_shape(
    settings: dict[str, Any], options: dict[str, Any], name: str, refused: Refused
) -> None:
    line = refused(ModelError, changed(settings, options=options))
    assert line.startswith("the model to begin with has another network: '") and "there and" in line
    if len(options.get("channels", "    ")) != 2:
        assert f"'{name}'" in line


def test_a_source_of_another_number_of_channels(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "colour" / "images").mkdir(parents=True)
    for number in range(2):
        picture = np.random.default_rng(number).integers(0, 200, (48, 40, 3), dtype=np.uint8)
        (tmp_path / "colour" / "images" / f"{number}.png").write_bytes(imagecodecs.png_encode(picture))
    (tmp_path / "colour" / "points.csv").write_text("image,y,x\n0.png,5,6\n1.png,5,6\n")
    line = refused(ModelError, DENSITY, data=tmp_path / "colour")
    assert "is 1, and that of these images 3" in line and "input.channels" in line


def test_a_source_that_is_none(refused: Refused, fields: Path) -> None:
    assert "there is no such model" in refused(ModelError, DENSITY, Path("nothing-such"))
    assert "is no model folder" in refused(ModelError, DENSITY, fields)


@pytest.mark.parametrize(
    ("settings", "transfer", "says"),
    [
        (TWIN, {"strategy": "frozen-outer", "freeze": [name[:-1] for name in CORE["twin-vae"]]}, "the whole network"),
        (DENSITY, {"strategy": "frozen-core", "freeze": ["encoders", "downs", "ups", "decoders", "head"]}, "the whole"),
        (TWIN, {"strategy": "thaw", "thaw_at": [0.4, 0.2, 0.6, 0.8]}, "the stages are out of order: 0.2 comes after"),
        (TWIN, {"strategy": "thaw", "thaw_at": [0.2, 0.4]}, "2 shares in transfer.thaw_at, but the method has 4"),
        (DENSITY, {"strategy": "thaw", "thaw_at": [0.2, 0.4]}, "the method has 3 stages: level-1, level-2, bottom"),
        (TWIN, {"freeze": ["nose"]}, "names 'nose', and the network has no such part"),
        (DENSITY, {"first": "drawn"}, "the method density sees no pictures in turn"),
    ],
    ids=str,
)
def test_a_strategy_that_makes_no_sense(
    settings: dict[str, Any], transfer: dict[str, Any], says: str, refused: Refused
) -> None:
    assert says in refused(ConfigError, changed(settings, transfer=transfer))


def test_ratios_that_make_no_sense(refused: Refused) -> None:
    assert "'drawn.ratio': input should be greater" in refused(ConfigError, changed(TWIN, drawn={"ratio": -0.5}))
    nothing = changed(TWIN, drawn={"ratio": 0}, transfer={"first": "natural"})
    assert "natural pictures cannot be first; leave out transfer.first" in refused(ConfigError, nothing)


@METHODS
def test_a_target_without_images(settings: dict[str, Any], refused: Refused, tmp_path: Path) -> None:
    for folder in ("none", "empty/images"):
        (tmp_path / folder).mkdir(parents=True)
    assert str(tmp_path / "none") in refused(DataError, settings, data=tmp_path / "none")
    assert f"{tmp_path / 'empty' / 'images'}: holds no image" in refused(UsageError, settings, data=tmp_path / "empty")
    assert "missing" in refused(CytallyError, settings, data=tmp_path / "missing")


def test_a_run_without_an_end_has_no_shares(refused: Refused, fields: Path, sources: Path) -> None:
    endless = changed(TWIN, training={"steps": None})
    for transfer_, says in (({"strategy": "thaw"}, "the stages thaw by shares"), ({"first": "drawn"}, "first lasts")):
        line = refused(UsageError, {**endless, "transfer": transfer_})
        assert says in line and "--minutes" in line
    limited = changed(DENSITY, training={"steps": None, "epochs": 1}, transfer={"strategy": "thaw"})
    assert transfer(sources / "density", limited, fields / "bright").card.provenance["epochs"] == 1


def test_a_folder_that_exists(fields: Path, sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    transfer(sources / "density", DENSITY, fields / "bright", out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(UsageError, match="the model folder exists"):
        transfer(sources / "density", DENSITY, fields / "bright", out)
    assert {path: path.read_bytes() for path in out.iterdir()} == before
    frozen = changed(DENSITY, transfer={"strategy": "frozen-core"})
    assert transfer(sources / "density", frozen, fields / "bright", out, overwrite=True)
    assert "frozen-core" in (out / "report.html").read_text()


def test_the_source_is_not_overwritten_by_what_comes_of_it(fields: Path, sources: Path, tmp_path: Path) -> None:
    source = tmp_path / "mine"
    shutil.copytree(sources / "twin-vae", source)
    before = (source / "weights.safetensors").read_bytes()
    for start in (source, source / "most-accurate"):
        with pytest.raises(
            UsageError,
            match=r"lies in the model that is begun with|is read by this run, and --overwrite would remove it",
        ):
            transfer(start, TWIN, fields / "bright", source, overwrite=True)
    assert (source / "weights.safetensors").read_bytes() == before and (source / "most-accurate").is_dir()


def test_training_takes_no_transfer_without_a_source(fields: Path, sources: Path, tmp_path: Path) -> None:
    given = changed(DENSITY, transfer={"strategy": "frozen-core"})
    with pytest.raises(UsageError, match=r"'transfer' is about a trained model, and none is given; run 'cytally"):
        train(given, fields / "bright", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    begun = train(given, fields / "bright", start=sources / "density")
    assert begun.card.provenance["transfer"]["frozen"]
    plain = train(DENSITY, fields / "bright", start=sources / "density")
    assert "transfer" not in plain.card.provenance and plain.card.configuration.transfer is None


def test_a_run_is_not_gone_on_with_on_other_images_of_the_same_names(
    fields: Path, sources: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    transfer(sources / "density", DENSITY, fields / "bright", out)
    before = (out / "model.json").read_bytes()
    shutil.copytree(fields / "bright", other)
    first = sorted((other / "images").iterdir())[0]
    first.write_bytes(sorted((other / "images").iterdir())[1].read_bytes())
    with pytest.raises(UsageError, match=f"was begun with other images or labels: '{first.name}' is not what it was"):
        transfer(sources / "density", DENSITY, other, out, resume=True)
    assert (out / "model.json").read_bytes() == before


def test_only_options_that_shape_the_network_are_named(fields: Path, sources: Path) -> None:
    wider = changed(DENSITY, options={"channels": [2, 4, 8], "amplitude": 7.0})
    with pytest.raises(ModelError, match=r"was trained with: options.channels \(\[2, 2, 4\] there") as error:
        transfer(sources / "density", wider, fields / "bright")
    assert "amplitude" not in str(error.value.cure)
