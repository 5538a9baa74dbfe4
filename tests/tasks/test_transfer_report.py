"""What a transfer says of itself, in sentences and as a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pandas as pd
import pytest

from cytally.errors import OutputError
from cytally.models.card import ModelCard
from cytally.models.model import Model
from cytally.tasks import transfer_report as tested
from cytally.tasks.train import train
from cytally.tasks.transfer import transfer
from cytally.tasks.transfer_report import chain_in_words, in_words, write_transfer_report
from cytally.tasks.watch import Watch
from cytally.training import loop
from cytally.training.configuration import make_configuration

Card = Callable[..., ModelCard]
CORE = ["shared_encoder", "mean", "log_variance", "expand", "shared_decoder", "regressor"]
SMALL = {
    "density": {"sigma": 2.0, "channels": [2, 2, 4]},
    "twin-vae": {"channels": [2, 2, 2, 2], "hidden": 4, "latent": 4, "larger": "resize"},
}


@pytest.fixture
def card(make_model: Callable[..., Model]) -> Card:
    """A card made by hand: error 3.5 as it came and 2.25 now."""

    def make(method: str = "twin-vae", natural: int = 9, mae: float = 2.25, **given: Any) -> ModelCard:
        sections = {name: given.pop(name, {}) for name in ("transfer", "drawn", "options")}
        sections["options"] = {**SMALL[method], **sections["options"]}
        configuration = make_configuration({"method": method, **sections})
        facts = {"before": {"mae": 3.5, "n": 9.0}, "frozen": [], "stages": [], "thawed_at": {}, **given}
        data = {"train": 20, "validation": natural, "unlabelled": 0, "drawn": 6}
        network = configuration.build(1).network()
        validation = {"mae": mae, "n": float(natural or 2)}
        return make_model(
            configuration, network, provenance={"transfer": facts}, validation=validation, training_data=data
        ).card

    return make


def stages(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "parts": ["mean"], "at": (place + 1) / 4} for place, name in enumerate(names)]


# Sentences


def test_nothing_frozen_nothing_special(card: Card) -> None:
    assert in_words(card()) == [
        "The model as it came had a mean absolute error of 3.50 cells on the same validation images",
        "Strategy simultaneous: nothing was frozen",
        "2 drawn images were shown per natural one",
        "Every batch was decoded",
    ]


def test_a_method_that_draws_and_decodes_nothing(card: Card) -> None:
    assert in_words(card("density"))[1:] == [
        "Strategy simultaneous: nothing was frozen",
        "Only natural images were shown, nothing was drawn",
    ]


def test_parts_that_stay_frozen_are_named(card: Card) -> None:
    frozen = card(transfer={"strategy": "frozen-core", "freeze": ["mean.0"]}, frozen=[*CORE, "mean.0"])
    assert in_words(frozen)[1] == (
        "Strategy frozen-core: 6 parts (shared_encoder, mean, log_variance, expand, shared_decoder, regressor) were "
        "frozen over the whole run"
    )
    one = card(transfer={"freeze": ["regressor"]}, frozen=["regressor"])
    assert in_words(one)[1] == "Strategy simultaneous: 1 part (regressor) was frozen over the whole run"


def test_stages_that_thawed_and_those_that_did_not(card: Card) -> None:
    given = {"strategy": "thaw", "freeze": ["expand"]}
    thawed = {"one": 250, "two": 1500}
    said = in_words(
        card(transfer=given, frozen=[*CORE, "expand"], stages=stages("one", "two", "three"), thawed_at=thawed)
    )
    assert said[1].startswith("Strategy thaw from frozen-core: 6 parts (") and said[1].endswith("frozen to begin with")
    assert said[2:5] == [
        "Of these stayed frozen over the whole run: expand",
        "Thawed: one at 25 % of the run (step 250), two at 50 % of the run (step 1,500)",
        "Not thawed, since the run ended before: three (75 %)",
    ]


@pytest.mark.parametrize(("ratio", "says"), [(0.5, "0.5 drawn images were"), (1, "1 drawn image was")])
def test_the_ratio(card: Card, ratio: float, says: str) -> None:
    assert f"{says} shown per natural one" in in_words(card(drawn={"ratio": ratio}))


def test_what_came_first(card: Card) -> None:
    said = in_words(card(transfer={"first": "natural", "first_share": 0.25}))
    assert "For the first 25 % of the run only natural images were shown" in said


@pytest.mark.parametrize(
    ("options", "seconds", "says"),
    [
        ({"reconstruction_every": 4}, None, "One batch in 4 of each kind was decoded"),
        ({"decoder": False}, (0.5, 0.8), "a training step took 0.500 s instead of 0.800 s, 38 % less"),
        ({"decoder": False}, (0.81, 0.8), "a training step took 0.810 s instead of 0.800 s, which saves nothing"),
        ({"reconstruction_weight": 0}, (0.0012, 0.0024), "took 0.00120 s instead of 0.00240 s, 50 % less"),
    ],
    ids=str,
)
def test_the_time_that_the_decoder_takes(
    card: Card, options: dict[str, Any], seconds: tuple[float, float] | None, says: str
) -> None:
    timed = (
        {}
        if seconds is None
        else {"step_seconds": dict(zip(("without_decoder", "with_decoder"), seconds, strict=True))}
    )
    (said,) = [each for each in in_words(card(options=options, **timed)) if "decoded" in each]
    assert said.endswith(says)


def test_errors_that_speak_against_the_transfer_are_told(card: Card) -> None:
    assert in_words(card(mae=3.6))[0].endswith("on the same validation images, less than the new one")
    assert in_words(card(natural=0))[0].endswith("on the same drawn validation images")
    assert "error of – cells" in in_words(card(before={"mae": None}))[0]


def test_the_chain(card: Card) -> None:
    own = card(transfer={"strategy": "thaw"})
    assert chain_in_words(own) is None
    links = [
        {"name": name, "created": None, "weights": "0", "data": None, "strategy": strategy}
        for name, strategy in (("phase", None), ("bright", "frozen-core"))
    ]
    carried = own.model_copy(update={"provenance": {"start": {"name": "x", "chain": links}}})
    assert chain_in_words(carried) == "phase -> bright (frozen-core) -> this model (thaw)"


# The page


@pytest.fixture
def fields(tmp_path: Path) -> Path:
    """A data folder of three images of 48 × 40 pixels with two cells each."""
    root, rows = tmp_path / "fields", ["image,y,x"]
    (root / "images").mkdir(parents=True)
    for number in range(3):
        picture = np.random.default_rng(number).integers(0, 200, (48, 40), dtype=np.uint8)
        (root / "images" / f"{number}.png").write_bytes(imagecodecs.png_encode(picture))
        rows += [f"{number}.png,5,6", f"{number}.png,30,20"]
    (root / "points.csv").write_text("\n".join([*rows, ""]))
    return root


@pytest.fixture
def drawn_curve(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], dict[str, Any]]]:
    """What the picture was asked to show; curves.png is not drawn, which takes longer than everything else."""
    monkeypatch.setattr("cytally.tasks.model_folder.training_curves", lambda history, path: None)
    asked: list[tuple[list[int], dict[str, Any]]] = []
    curve = tested.transfer_curve

    def noting(steps: Any, errors: Any, **given: Any) -> bytes:
        asked.append((list(steps), {**given, "errors": list(errors)}))
        return curve(steps, errors, **given)

    monkeypatch.setattr(tested, "transfer_curve", noting)
    return asked


def settings(method: str, **transfer_: Any) -> dict[str, Any]:
    drawn = {"drawn": {"images": 3}} if method == "twin-vae" else {}
    training = {"batch_size": 2, "steps": 8, "validation": 1, "crop": 16}
    return {"method": method, "options": SMALL[method], "training": training, "transfer": transfer_, **drawn}


def words(page: Path) -> str:
    """The text of a page, without tags and styles."""
    text = re.sub(r"<style>.*?</style>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("&gt;", ">").split())


@pytest.mark.parametrize("method", ["density", "twin-vae"])
def test_a_page_of_a_run_that_was_killed_and_gone_on_with(
    method: str, fields: Path, tmp_path: Path, drawn_curve: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    source, out = tmp_path / "first", tmp_path / "second"
    train(settings(method) | {"transfer": None}, fields, source)
    given = settings(method, strategy="thaw")

    def kill(progress: Any) -> None:
        if progress.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transfer(source, given, fields, out, watch=Watch(on_step=kill))
    model = transfer(source, given, fields, out, resume=True)
    ((steps, shown),) = drawn_curve
    history = pd.read_csv(out / "curves.csv")
    assert steps == history["step"].tolist() and steps[0] < 5 < steps[-1] == 8, "of both sittings"
    assert shown["errors"] == history["validation_mae"].tolist()
    facts = model.card.provenance["transfer"]
    assert shown["before"] == facts["before"]["mae"]
    due = {"density": [2, 4, 6], "twin-vae": [2, 4, 5, 7]}[method]
    assert list(shown["thawed_at"].values()) == due
    best = history.loc[history["epoch"] == model.card.provenance["best_epoch"]].iloc[-1]
    assert shown["kept"] == best["step"] and best["validation_mae"] == model.card.validation["mae"]
    text = (out / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|<script|<link(?! rel=\"icon\" href=\"data:,\")", text), "asks nothing of the network"
    assert all(source.startswith("data:image/png;base64,") for source in re.findall(r'src="([^"]*)"', text))
    said = words(out / "report.html")
    assert "second A model of the method" in said and "first -> this model (thaw)" in said
    assert all(f"{sentence}." in said for sentence in in_words(model.card))
    before, now = facts["before"]["mae"], model.card.validation["mae"]
    assert f"error as it came {before:.2f} error now {now:.2f} validation images 1" in said
    assert (
        f"kept from epoch {model.card.provenance['best_epoch']}, has a mean absolute error of {now:.2f} cells" in said
    )
    for stage in facts["stages"]:
        assert f"{stage['name']} {100 * stage['at']:.0f} % {facts['thawed_at'][stage['name']]} " in said
    assert "2 to train, 1 to validate, 0 unlabelled" in said and "8 steps in" in said
    assert ("drawn images 3" in said) is (method == "twin-vae")
    assert ("decoded" in said) is (method == "twin-vae")


def test_the_page_of_a_model_without_stages_has_no_table_of_them(
    fields: Path, tmp_path: Path, drawn_curve: list[Any]
) -> None:
    source, out = tmp_path / "first", tmp_path / "second"
    train(settings("density") | {"transfer": None}, fields, source)
    model = transfer(source, settings("density", strategy="frozen-outer"), fields, out)
    assert drawn_curve[0][1]["thawed_at"] == {}
    said = words(out / "report.html")
    assert "Stages" not in said and "thaw" not in said and "frozen-outer" in said
    full = OSError(28, "No space left on device")

    def fail(*_: Any) -> None:
        raise full

    drawn_curve.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tested, "write_transfer", fail)
        with pytest.raises(OutputError, match="No space left on device"):
            write_transfer_report(out, model)


def test_nothing_is_written_of_a_model_in_memory(fields: Path, tmp_path: Path, drawn_curve: list[Any]) -> None:
    source = tmp_path / "first"
    train(settings("density") | {"transfer": None}, fields, source)
    before = sorted(tmp_path.rglob("*"))
    model = transfer(source, settings("density"), fields)
    assert sorted(tmp_path.rglob("*")) == before and drawn_curve == []
    assert chain_in_words(model.card) == "first -> this model (simultaneous)"
