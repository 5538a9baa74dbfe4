"""The loop: limits, the best model, going on after an interruption, and what happens when it diverges."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cytally.datasets.augment import AugmentationConfig
from cytally.errors import CytallyError, ModelError
from cytally.inference.config import CountingConfig
from cytally.inference.tiles import run_network
from cytally.methods.density import Density, DensityConfig
from cytally.models.store import load
from cytally.training import loop, validation
from cytally.training.checkpoint import load_checkpoint, save_checkpoint
from cytally.training.config import TrainingConfig
from cytally.training.configuration import make_configuration
from cytally.training.data import TrainingData
from cytally.training.loop import Trainer
from cytally.training.resume import restore_run, save_run

OPTIONS = {"sigma": 2.0, "channels": [4, 4]}


def trainer(draw, method=Density, options=None, **training) -> Trainer:
    """Three steps per epoch on crops of 16 pixels."""
    configuration = make_configuration(
        {
            "method": "density",
            "options": {**OPTIONS, **(options or {})},
            "training": {"batch_size": 2, "crop": 16, "averaging": 0.5, **training},
        }
    )
    examples = [draw(count, shape=(24, 24)) for count in (1, 2, 0, 2, 1)]
    return Trainer(
        method(DensityConfig(**configuration.options.model_dump()), 1),
        TrainingData(examples, examples[:2]),
        configuration.training,
        configuration.augmentation,
        seed=configuration.seed,
    )


def equal(one: nn.Module, other: nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class Clock:
    """A clock that stands still unless told otherwise."""

    def __init__(self):
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now

    def advance(self, *_) -> None:
        self.now += 1.0


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(loop, "time", clock)
    return clock


@pytest.fixture
def save_always(monkeypatch) -> None:
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)


# Limits


@pytest.mark.parametrize(("limits", "steps"), [({"steps": 1}, 1), ({"steps": 7}, 7), ({"epochs": 2}, 6)], ids=str)
def test_it_stops_at_the_limit(draw, limits, steps):
    run, seen = trainer(draw, **limits), []
    run.run(on_progress=seen.append)
    assert run.state.step == len(seen) == steps
    assert [each.step for each in seen] == list(range(1, steps + 1))
    assert all(0 <= each.done < 1 for each in seen)
    assert run.state.history[-1]["step"] == steps


def test_minutes_are_kept_and_add_up_over_sittings(draw, clock, tmp_path):
    first = trainer(draw)
    first.run(minutes=10 / 60, checkpoint=tmp_path / "c.pt", on_progress=clock.advance)
    assert first.state.step == first.state.seconds == pytest.approx(10, abs=1)
    clock.now += 1000  # a break
    second = trainer(draw)
    second.run(minutes=20 / 60, checkpoint=tmp_path / "c.pt", resume=True, on_progress=clock.advance)
    assert second.state.step == second.state.seconds == pytest.approx(20, abs=1)


def test_the_next_validation_counts_as_time(draw, clock):
    run = trainer(draw)

    def slow_validation(*_):
        clock.now += 5

    run.run(minutes=20 / 60, on_progress=clock.advance, on_better=slow_validation)
    # every epoch that gets better takes three steps and five more seconds: the last is not begun too late
    assert 14 <= run.state.seconds <= 21


def test_no_minutes_at_all_still_give_a_model(draw, clock):
    run = trainer(draw)
    run.run(minutes=0, on_progress=clock.advance)
    assert run.state.step == 1
    assert len(run.state.history) == 1


def test_patience_ends_a_run_that_no_longer_gets_better(draw):
    run = trainer(draw, learning_rate=1e-30, patience=4)
    run.run()
    assert run.state.best_epoch == 1
    assert run.state.epoch == 5


def test_patience_shorter_than_the_way_to_the_first_validation_waits_for_it(draw):
    run = trainer(draw, validate_every=3, patience=1, learning_rate=1e-30)
    run.run()
    assert [row["epoch"] for row in run.state.history] == [3, 6]


def test_validation_every_so_many_epochs_and_at_the_end(draw):
    run = trainer(draw, validate_every=2, epochs=5)
    run.run()
    assert [row["epoch"] for row in run.state.history] == [2, 4, 5]
    assert set(run.state.history[0]) == {
        *["epoch", "step", "seconds", "train_loss", "learning_rate", "validation_mae", "validation_bias"]
    }


# What is kept


def test_the_network_of_the_best_validation_is_returned(draw, monkeypatch):
    errors = iter([5.0, 3.0, 4.0])
    monkeypatch.setattr(validation, "counting_metrics", lambda true, predicted: {"mae": next(errors), "bias": 0.0})
    run, kept = trainer(draw, epochs=3, learning_rate=1e-2), []
    result = run.run(on_better=lambda network, state: kept.append((network, state.epoch)))
    assert [epoch for _, epoch in kept] == [1, 2]
    assert equal(result, kept[-1][0])
    assert not equal(result, run.average.network)
    assert not result.training
    assert run.state.best_error == 3.0


def test_the_average_is_what_is_validated_and_kept(draw):
    run = trainer(draw, steps=3, averaging=0.9)
    result = run.run()
    assert equal(result, run.average.network)
    assert not equal(result, run.network)


def test_clipping_bounds_the_step(draw, monkeypatch):
    norms = []
    clip = nn.utils.clip_grad_norm_
    monkeypatch.setattr(
        nn.utils, "clip_grad_norm_", lambda parameters, limit: norms.append(limit) or clip(parameters, limit)
    )
    trainer(draw, steps=2, clip=0.25).run()
    trainer(draw, steps=2).run()
    assert norms == [0.25, 0.25]


# Interruption


@pytest.mark.parametrize("step", [1, 3, 4, 6])
def test_interrupted_anywhere_and_resumed_it_ends_with_the_very_same_weights(
    stop_at, draw, tmp_path, save_always, step
):
    straight = trainer(draw, steps=8, schedule="cosine")
    wanted = straight.run()
    first = trainer(draw, steps=8, schedule="cosine")
    with pytest.raises(KeyboardInterrupt):
        first.run(checkpoint=tmp_path / "c.pt", on_progress=stop_at(step))
    assert load_checkpoint(tmp_path / "c.pt")["state"]["step"] == step - 1
    second = trainer(draw, steps=8, schedule="cosine")
    found = second.run(checkpoint=tmp_path / "c.pt", resume=True)
    assert equal(found, wanted)
    assert equal(second.network, straight.network)
    assert second.state.step == straight.state.step
    assert [row["validation_mae"] for row in second.state.history] == [
        row["validation_mae"] for row in straight.state.history
    ]


class Drawing(Density):
    """A method whose network draws at random."""

    def network(self):
        return nn.Sequential(super().network(), nn.Dropout(0.5))


def test_networks_that_draw_at_random_resume_alike_too(stop_at, draw, tmp_path, save_always):
    wanted = trainer(draw, Drawing, steps=5).run()
    with pytest.raises(KeyboardInterrupt):
        trainer(draw, Drawing, steps=5).run(checkpoint=tmp_path / "c.pt", on_progress=stop_at(3))
    torch.rand(7)
    assert equal(trainer(draw, Drawing, steps=5).run(checkpoint=tmp_path / "c.pt", resume=True), wanted)


def test_a_checkpoint_is_written_every_half_minute_within_an_epoch_too(draw, tmp_path, clock):
    path, seen = tmp_path / "c.pt", []

    def watch(progress):
        clock.now += 20
        seen.append(load_checkpoint(path)["state"]["step"])

    trainer(draw, steps=7).run(checkpoint=path, on_progress=watch)
    assert seen == [0, 0, 2, 2, 4, 4, 6]
    assert load_checkpoint(path)["state"]["step"] == 7


def test_resuming_a_finished_run_changes_nothing(draw, tmp_path, monkeypatch):
    wanted = trainer(draw, steps=4).run(checkpoint=tmp_path / "c.pt")
    monkeypatch.setattr(Trainer, "_step", lambda *_: pytest.fail("it trained on"))
    again = trainer(draw, steps=4)
    assert equal(again.run(checkpoint=tmp_path / "c.pt", resume=True), wanted)
    assert again.state.step == 4
    assert equal(trainer(draw).run(minutes=0, checkpoint=tmp_path / "c.pt", resume=True), wanted)


@pytest.mark.parametrize("options", [{"channels": [4, 6]}, {"channels": [4, 4, 4]}, {"normalisation": "none"}], ids=str)
def test_a_checkpoint_of_another_network_is_refused(draw, tmp_path, options):
    trainer(draw, steps=1).run(checkpoint=tmp_path / "c.pt")
    with pytest.raises(ModelError, match=r"c.pt: is the checkpoint of a run with another configuration; resume with"):
        trainer(draw, options=options, steps=2).run(checkpoint=tmp_path / "c.pt", resume=True)


SITTING = """
import sys
import time
import cytally
from cytally.tasks.watch import Watch
from cytally.training import loop

data, out, seconds = sys.argv[1:]
loop.CHECKPOINT_SECONDS = -1.0
config = {
    "method": "density",
    "options": {"sigma": 2.0, "channels": [4, 4]},
    "training": {"batch_size": 2, "crop": 16, "epochs": 10, "validate_every": 2},
}

def show(progress):
    print(progress.step, flush=True)
    time.sleep(float(seconds))

cytally.train(config, data, out, resume=True, watch=Watch(on_step=show), device="cpu")
"""


@pytest.mark.slow  # tests/cli/test_signals.py stops a training once
def test_killed_twice_and_resumed_it_finishes(data_folder, tmp_path):
    script, out = tmp_path / "sitting.py", tmp_path / "model"
    script.write_text(SITTING)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    reached = 0
    for kill_at in (2, 9):
        command = [sys.executable, script, data_folder, out, "0.2"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            steps = []
            for line in process.stdout:
                steps.append(int(line))
                if steps[-1] >= kill_at:
                    process.send_signal(signal.SIGKILL)
                    break
        assert process.wait() == -signal.SIGKILL, "it ended by itself"
        assert steps[0] == reached + 1  # it went on
        reached = load_checkpoint(out / "checkpoint.pt")["state"]["step"]
        assert reached >= kill_at - 1  # and lost at most the step that was under way
    command = [sys.executable, script, data_folder, out, "0"]
    last = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
    assert last.returncode == 0, last.stderr
    assert [int(line) for line in last.stdout.split()] == list(range(reached + 1, 31))
    assert np.isfinite(load(out).count(data_folder / "images" / "4.tif").count)
    assert load_checkpoint(out / "checkpoint.pt")["state"]["epoch"] == 10


# Divergence


class Diverging(Density):
    """Its loss is a number five times."""

    steps = 0

    def loss(self, output, targets, weights):
        self.steps += 1
        loss = super().loss(output, targets, weights)
        return loss if self.steps <= 5 else loss * float("nan")


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_what_was_good(draw, tmp_path, save_always):
    threads, kept = set(threading.enumerate()), []
    run = trainer(draw, Diverging)
    with pytest.raises(CytallyError, match=r"the loss is no longer a number at step 5; lower training.learning_rate"):
        run.run(checkpoint=tmp_path / "c.pt", on_better=lambda network, state: kept.append(network))
    assert set(threading.enumerate()) <= threads
    assert len(kept) == 1
    assert all(value.isfinite().all() for value in kept[0].state_dict().values())
    saved = load_checkpoint(tmp_path / "c.pt")
    assert saved["state"]["step"] == 5
    assert all(value.isfinite().all() for value in saved["network"].values())


class Exploding(Density):
    """Fine to train, but its network says nothing sensible once it is validated."""

    def network(self):
        class Exploded(nn.Module):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner

            def forward(self, x):
                return self.inner(x) if self.training else self.inner(x) * float("nan")

        return Exploded(super().network())


def test_counts_that_are_no_number_stop_the_run_too(draw):
    with pytest.raises(CytallyError, match="the validation error is no longer a number"):
        trainer(draw, Exploding, epochs=1).run()


def test_a_gradient_that_is_no_number_leaves_the_weights_as_they_are(draw, tmp_path):
    """The loss is still fine then, and a checkpoint a moment later would hold weights that are none."""

    class Steep(Density):
        def loss(self, output, targets, weights):
            return (output * 0).sqrt().sum() + super().loss(output, targets, weights)

    run = trainer(draw, Steep, epochs=1)
    before = [each.clone() for each in run.network.parameters()]
    with pytest.raises(CytallyError, match="the gradient is no longer a number at step 0"):
        run.run(checkpoint=tmp_path / "c.pt")
    assert all(torch.equal(old, new) for old, new in zip(before, run.network.parameters(), strict=True))


def test_large_images_are_validated_in_tiles(draw, monkeypatch):
    run, shapes = trainer(draw, steps=1), []
    ordinary = validation.TorchBackend.__call__
    monkeypatch.setattr(validation, "run_network", lambda *args: run_network(*args, size=16))
    monkeypatch.setattr(
        validation.TorchBackend, "__call__", lambda self, image: shapes.append(image.shape) or ordinary(self, image)
    )
    run.run()
    assert len(shapes) == 2 * 4  # two images of 24 pixels


def test_a_run_whose_time_is_up_before_it_was_ever_validated_is_validated_first(draw, tmp_path):
    begun = trainer(draw)
    begun.state.step, begun.state.place, begun.state.seconds = 1, 1, 30.0
    save_run(begun, tmp_path / "c.pt")
    resumed = trainer(draw)
    resumed.run(minutes=0.1, checkpoint=tmp_path / "c.pt", resume=True)
    assert resumed.state.best_metrics["n"] == 2


def test_statistics_are_frozen_as_averaged_after_their_share_of_the_run(draw, tmp_path, save_always):
    examples = [draw(count) for count in (0, 3, 6)]
    settings = {"steps": 12, "batch_size": 1, "crop": 32, "averaging": 0.5, "freeze_statistics_after": 0.5}

    def trainer():
        method = Density(DensityConfig(sigma=2.0, channels=(4, 8)), 1)
        return Trainer(method, TrainingData(examples, examples), TrainingConfig(**settings), AugmentationConfig())

    def statistics(network):
        return [value.clone() for name, value in network.state_dict().items() if "running" in name]

    run, seen, weights = trainer(), [], []

    def look(at):
        seen.append(statistics(run.network))
        weights.append(run.network.head.weight.clone())

    run.run(checkpoint=tmp_path / "checkpoint.pt", on_progress=look)
    same = [all(torch.equal(a, b) for a, b in zip(seen[k], seen[k + 1], strict=True)) for k in range(11)]
    assert same == [False] * 6 + [True] * 5, "frozen before the seventh step"
    assert not torch.equal(weights[-1], weights[6]), "the weights go on"
    assert run.state.frozen
    again = trainer()
    restore_run(again, tmp_path / "checkpoint.pt")
    again._train_mode()
    assert not any(m.training for m in again.network.modules() if isinstance(m, torch.nn.BatchNorm2d))


def test_validation_counts_in_the_precision_that_will_count(draw, monkeypatch):
    seen = []
    backend = validation.TorchBackend
    monkeypatch.setattr(validation, "TorchBackend", lambda *given: seen.append(given[2]) or backend(*given))
    examples = [draw(count) for count in (0, 3)]
    method = Density(DensityConfig(sigma=2.0, channels=(4, 8)), 1)
    settings = TrainingConfig(steps=1, batch_size=1, crop=32, precision="bfloat16")
    counting = CountingConfig(precision="float32")
    Trainer(method, TrainingData(examples, examples), settings, AugmentationConfig(), counting=counting).run()
    assert seen == ["float32"]


@pytest.mark.parametrize(("keep", "kept"), [("best", 2), ("last", 4)])
def test_which_weights_are_kept(draw, monkeypatch, keep, kept):
    """Four epochs whose validation errors are 5, 1, 3, 4."""
    errors = iter([5.0, 1.0, 3.0, 4.0])
    metrics = {"bias": 0.0, "rmse": 0.0}
    monkeypatch.setattr(validation, "counting_metrics", lambda true, predicted: {"mae": next(errors), **metrics})
    examples = [draw(count) for count in (0, 3)]
    method = Density(DensityConfig(sigma=2.0, channels=(4, 8)), 1)
    settings = TrainingConfig(epochs=4, batch_size=1, crop=32, keep=keep)
    trainer = Trainer(method, TrainingData(examples, examples), settings, AugmentationConfig())
    saved = []
    network = trainer.run(on_better=lambda better, state: saved.append((state.epoch, better.head.weight.clone())))
    assert trainer.state.best_epoch == kept
    assert saved[-1][0] == kept and torch.equal(saved[-1][1], network.head.weight)
    assert trainer.state.best_metrics["mae"] == {2: 1.0, 4: 4.0}[kept]


def test_a_run_that_patience_ends_keeps_the_best(draw, monkeypatch):
    errors = iter([5.0, 1.0, 3.0, 4.0])
    monkeypatch.setattr(validation, "counting_metrics", lambda true, predicted: {"mae": next(errors), "bias": 0.0})
    examples = [draw(count) for count in (0, 3)]
    method = Density(DensityConfig(sigma=2.0, channels=(4, 8)), 1)
    settings = TrainingConfig(epochs=9, patience=2, batch_size=1, crop=32, keep="last")
    trainer = Trainer(method, TrainingData(examples, examples), settings, AugmentationConfig())
    trainer.run()
    assert trainer.state.epoch == 4 and trainer.state.best_epoch == 2


# What earlier versions left behind, and what a configuration asks of parts


def test_a_checkpoint_of_before_learning_rates_of_parts_is_gone_on_with(draw, tmp_path):
    trainer(draw, steps=2).run(checkpoint=tmp_path / "c.pt")
    saved = load_checkpoint(tmp_path / "c.pt")
    del saved["version"]
    for group in saved["optimiser"]["param_groups"]:
        del group["factor"]
    for name in ("thawed_at", "first_over", "alone", "learning_rate"):
        del saved["state"][name]
    save_checkpoint(tmp_path / "c.pt", saved)
    resumed = trainer(draw, steps=4)
    resumed.run(checkpoint=tmp_path / "c.pt", resume=True)
    assert resumed.state.step == 4


def test_the_curve_has_the_learning_rate_of_parts_without_a_factor(draw):
    run = trainer(draw, steps=2, learning_rate=1e-3, learning_rates={"encoders": 0.01})
    run.run()
    assert run.state.history[-1]["learning_rate"] == 1e-3


def test_a_warm_up_by_epochs_rises_within_the_first(draw):
    run = trainer(draw, steps=None, epochs=4, warmup_share=0.5, learning_rate=1.0, clip=1e-6)
    rates = []
    run.run(on_progress=lambda at: rates.append(run.state.learning_rate))
    steps = len(run.batches)
    assert rates[: 2 * steps] == pytest.approx([step / (2 * steps) for step in range(2 * steps)])
    assert rates[2 * steps :] == [1.0] * 2 * steps


# Judged by the loss


def test_judged_by_its_loss_a_run_keeps_the_weights_of_the_least_loss(draw, monkeypatch):
    """The counts get worse and worse meanwhile."""
    losses, counts = iter([0.5, 0.2, 0.3, 0.4]), iter([1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr(
        loop,
        "validate",
        lambda *_, loss: {"mae": next(counts), "bias": 0.0, **({"loss": next(losses)} if loss else {})},
    )
    run, kept, seen = trainer(draw, epochs=4, learning_rate=1e-2, judge_by="loss"), [], []
    result = run.run(
        on_better=lambda network, state: kept.append((network, state.epoch)), on_progress=lambda at: seen.append(at)
    )
    assert [epoch for _, epoch in kept] == [1, 2]
    assert equal(result, kept[-1][0])
    assert (run.state.best_epoch, run.state.best_error) == (2, 0.2)
    assert run.state.best_metrics == {"mae": 2.0, "bias": 0.0, "loss": 0.2}
    assert [row["validation_loss"] for row in run.state.history] == [0.5, 0.2, 0.3, 0.4]
    assert [row["validation_mae"] for row in run.state.history] == [1, 2, 3, 4]
    assert [at.validation_error for at in seen[3::3]] == [0.5, 0.2, 0.3], "progress tells what it is judged by"


def test_judged_by_the_count_no_loss_is_worked_out(draw, monkeypatch):
    asked = []
    ordinary = loop.validate
    monkeypatch.setattr(loop, "validate", lambda *args, loss: asked.append(loss) or ordinary(*args, loss=loss))
    run = trainer(draw, epochs=1)
    run.run()
    assert asked == [False] and "validation_loss" not in run.state.history[0]


def test_patience_goes_by_what_is_judged(draw, monkeypatch):
    losses = iter([0.3, 0.4, 0.5, 0.6, 0.7])
    monkeypatch.setattr(loop, "validate", lambda *_, loss: {"mae": 0.0, "bias": 0.0, "loss": next(losses)})
    run = trainer(draw, judge_by="loss", patience=3)
    run.run()
    assert (run.state.best_epoch, run.state.epoch) == (1, 4)


def test_a_short_run_of_outlined_nuclei_is_judged_by_its_loss(draw):
    configuration = make_configuration(
        {
            "method": "nucleus-unet",
            "options": {"filters": 2, "levels": 1},
            "training": {"batch_size": 2, "crop": 16, "epochs": 5, "learning_rate": 1e-2},
        }
    )
    assert configuration.training.judge_by == "loss"
    examples = [draw(count, shape=(24, 24), outlines=True) for count in (1, 2, 0, 2)]
    run = Trainer(
        configuration.build(1).fit_to(examples),
        TrainingData(examples, examples[:2]),
        configuration.training,
        configuration.augmentation,
    )
    result = run.run()
    losses = [row["validation_loss"] for row in run.state.history]
    assert len(losses) == 5 and np.isfinite(losses).all() and len(set(losses)) == 5
    assert run.state.best_error == min(losses)
    assert run.state.best_epoch == 1 + int(np.argmin(losses))
    again = validation.validate(run.method, result, examples[:2], run.device, run.counting.precision, loss=True)
    assert again["loss"] == pytest.approx(min(losses), rel=1e-5)


def test_a_validation_loss_that_is_no_number_stops_the_run(draw):
    with pytest.raises(CytallyError, match="the validation error is no longer a number"):
        trainer(draw, Exploding, epochs=1, judge_by="loss").run()


def test_interrupted_and_resumed_it_is_judged_alike(stop_at, draw, tmp_path, save_always):
    straight = trainer(draw, epochs=3, judge_by="loss")
    wanted = straight.run()
    with pytest.raises(KeyboardInterrupt):
        trainer(draw, epochs=3, judge_by="loss").run(checkpoint=tmp_path / "c.pt", on_progress=stop_at(5))
    second = trainer(draw, epochs=3, judge_by="loss")
    assert equal(second.run(checkpoint=tmp_path / "c.pt", resume=True), wanted)
    assert [row["validation_loss"] for row in second.state.history] == [
        row["validation_loss"] for row in straight.state.history
    ]
