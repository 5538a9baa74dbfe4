"""`cytally train` and `cytally evaluate` as a user sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from cytally.cli.train import describe
from cytally.training.state import TrainingProgress

Call = Callable[..., Result]


def test_train_then_evaluate(data: Path, config: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "model"
    trained = call("train", config, "-o", out, "--data", data, "--minutes", "5", "--set", "training.epochs=1")
    assert trained.exit_code == 0, trained.output
    assert trained.stderr.splitlines()[0] == f"Training on {data} as {config} says"
    assert "Validation on 1 image:" in trained.stdout and str(out / "curves.png") in trained.stdout
    assert json.loads((out / "model.json").read_text())["configuration"]["training"]["epochs"] == 1
    words = ("evaluate", "--model", out, "--data", data, "-o", tmp_path / "scores")
    evaluated = call(*words)
    assert evaluated.exit_code == 0 and "mean absolute error" in evaluated.stdout
    assert "note: The model was trained on all 2 images" in evaluated.stderr
    assert call(*words).exit_code == 2 and call(*words, "--overwrite").exit_code == 0
    (data / "images" / "a.png").write_bytes(b"")
    failed = call(*words, "--overwrite")
    assert failed.exit_code == 1 and "error: " in failed.stderr and "a.png" in failed.stderr
    assert "1 of the annotated images failed" in failed.stderr


def test_what_is_wrong_beforehand_is_status_2(data: Path, config: Path, call: Call, tmp_path: Path) -> None:
    out = tmp_path / "model"
    for words, says in (
        (("--data", data, "--minutes", "0"), "0.0 minutes"),
        (("--data", data, "--set", "training.batch_sise=2"), "batch_size"),
        (("--data", data, "--set", "nothing"), "key=value"),
        (("--data", tmp_path / "none"), "not a folder"),
        ((), "--data"),
    ):
        result = call("train", config, "-o", out, *words)
        assert result.exit_code == 2 and not out.exists()
        assert says in result.stderr.splitlines()[-1]


def test_weights_to_begin_with_are_those_of_a_file(data: Path, config: Path, call: Call, tmp_path: Path) -> None:
    example, out, file = Path(__file__).parents[2] / "examples" / "efficientnet-b0.yaml", tmp_path / "model", "a: b.pth"
    large = tmp_path / "large"
    assert call("synthesize", example.with_name("cho-phase-contrast.yaml"), "-o", large, "--images", 4).exit_code == 0
    result = call("train", example, "-o", out, "--data", large, "--weights", tmp_path / file)
    assert result.exit_code == 2 and not out.exists()
    assert f"{file}: there are no such weights" in result.stderr.splitlines()[-1]
    result = call("train", config, "-o", out, "--data", data, "--weights", tmp_path / file)
    assert result.exit_code == 2 and "'options.weights' is no setting" in result.stderr.splitlines()[-1]


def test_where_a_run_stands_in_words() -> None:
    at = TrainingProgress(0.5, 3, 40, 12.0, 0.25, 4.0, 3.5)
    assert describe(at) == "Training, epoch 3, loss 0.250, validation error 4.00 (best 3.50)"
    at = TrainingProgress(0.5, 3, 40, 12.0, 0.25, float("nan"), float("inf"))
    assert describe(at) == "Training, epoch 3, loss 0.250"


def test_the_summary_says_how_far_to_believe_it(make_model):
    """Two drawn images are no validation of natural ones, and four natural ones are few."""
    from cytally.cli.train import summary
    from cytally.training.configuration import make_configuration

    configuration = make_configuration({"method": "density", "options": {"sigma": 2.0, "channels": [2, 4]}})
    network = configuration.build(1).network()

    def told(validation, n, best):
        facts = {"epochs": 7, "best_epoch": best, "minutes": 0.5}
        scores = {"n": n, "mae": 0.5}
        return summary(
            make_model(
                configuration,
                network,
                provenance=facts,
                validation=scores,
                training_data={"validation": validation},
            )
        )

    assert told(0, 1.0, 7) == (
        "Trained 7 epochs in 0.5 minutes; kept the weights of the end\n"
        "Validation on 1 drawn image: mean absolute error 0.50 cells, which says little about natural ones"
    )
    assert told(4, 4.0, 3).endswith("on 4 images: mean absolute error 0.50 cells, which is too few to rely on")
    assert "kept the weights of epoch 3" in told(9, 9.0, 3)
    assert told(9, 9.0, 3).endswith("on 9 images: mean absolute error 0.50 cells")
