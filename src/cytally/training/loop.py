"""The loop that trains every method: step, average, validate, keep the best, and go on after a kill."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from cytally.datasets.augment import AugmentationConfig
from cytally.errors import CytallyError, ModelError
from cytally.inference.config import CountingConfig
from cytally.inference.torch_backend import fast_precision
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method
from cytally.methods.picture_method import Moment
from cytally.training.averaging import AveragedNetwork
from cytally.training.config import TrainingConfig
from cytally.training.data import TrainingData
from cytally.training.freezing import Freezing, plan_freezing
from cytally.training.hyperrule import with_end
from cytally.training.learning import Batch, batch_loss, descend, epoch_of, make_batches, make_optimiser
from cytally.training.resume import restore_run, save_run
from cytally.training.schedule import learning_rate, plateaus, progress
from cytally.training.selection import Selection, Weights
from cytally.training.state import TrainingProgress, TrainingState
from cytally.training.teacher import Teacher
from cytally.training.transfer import TransferConfig
from cytally.training.validation import validate

logger = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 30.0
"""Least time between two checkpoints: what a kill may cost."""


class Trainer:
    """Train a method's network on examples.

    Parameters
    ----------
    method
        The method, with nothing left to `auto`.
    data
        Training and validation examples.
    config, augmentation
        How to train, and how crops vary.
    seed
        Decides the first weights, the order and the augmentation.
    device
        Where to train.
    counting
        How the trained model will count, and validation images are counted, but for flips.
    transfer
        How a trained network is carried over: what is frozen, what thaws when, what is seen first. None freezes
        nothing.
    teacher
        A trained network whose maps are learnt beside the annotation.

    Raises
    ------
    ConfigError
        When `config` or `transfer` names parts that the network does not have, or everything would be frozen.
    """

    def __init__(
        self,
        method: Method,
        data: TrainingData,
        config: TrainingConfig,
        augmentation: AugmentationConfig,
        *,
        seed: int = 0,
        device: torch.device | None = None,
        counting: CountingConfig | None = None,
        transfer: TransferConfig | None = None,
        teacher: Teacher | None = None,
    ) -> None:
        self.method, self.data, self.config = method, data, with_end(config, len(data.training))
        self.device, self.counting = device or torch.device("cpu"), counting or CountingConfig()
        self.batches, self.seed = make_batches(method, data, config, augmentation, seed, teacher), seed
        self.epoch_steps = max(1, len(self.batches))  # which deals out a whole epoch
        torch.manual_seed(seed)
        self.network = method.network().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = AveragedNetwork(self.network, config.averaging)
        self.transfer = transfer or TransferConfig()
        drawn = any(example.drawn for example in data.training)
        self.freezing = Freezing(self.network, plan_freezing(method, self.network, transfer, drawn=drawn))
        self.error = "loss" if config.judge_by == "loss" and isinstance(method, MapMethod) else "mae"
        self.optimiser = make_optimiser(self.network, config)
        self.state = TrainingState()
        self.selection = Selection(self.network)
        wanted = config.precision
        self.dtype = fast_precision(self.device) if wanted == "auto" else getattr(torch, wanted)

    def run(
        self,
        *,
        minutes: float | None = None,
        checkpoint: Path | None = None,
        resume: bool = False,
        on_progress: Callable[[TrainingProgress], None] | None = None,
        on_better: Callable[[nn.Module, TrainingState], None] | None = None,
    ) -> nn.Module:
        """Train until a limit is reached and return the network with the best validation error.

        Parameters
        ----------
        minutes
            Budget of time, validation included; with `resume`, of all sittings together.
        checkpoint
            File to save the run to, at least every half minute and whenever it ends.
        resume
            Go on from `checkpoint`.
        on_progress
            Called after every step.
        on_better
            Called with the network whenever its validation error is the best so far.

        Raises
        ------
        CytallyError
            When the loss is no longer a number; the last good checkpoint stays.
        ModelError
            When `checkpoint` cannot be resumed from.
        """
        if resume and checkpoint is not None:
            restore_run(self, checkpoint)
        elif checkpoint is not None:
            save_run(self, checkpoint)  # a kill before the first half minute can be resumed from as well
        started, saved = time.monotonic() - self.state.seconds, time.monotonic()
        validation_seconds, losses = 0.0, []
        finished = bool(self.state.history) and (self._progress(minutes, ahead=0) >= 1 or self._stalled())
        if self.optimiser is None and not finished:
            self._validate(float("nan"))  # a method without weights has learnt all it can from `Method.fit_to`
            finished = True
        while not finished:
            self._train_mode()
            if self.state.place == 0:
                self.state.alone = self._first(self._progress(minutes, ahead=validation_seconds))
            for batch in epoch_of(self.batches, self.state.epoch, self.state.place, self.state.alone):
                self.state.seconds = time.monotonic() - started
                done = self._progress(minutes, ahead=validation_seconds)
                if self.state.alone != self._first(done):  # both kinds take turns, from an epoch of their own on
                    break
                self._freeze_when_due(done)
                losses.append(self._step(batch, done))
                if on_progress is not None:
                    on_progress(self._report(done, losses[-1]))
                if self._progress(minutes, ahead=validation_seconds, within=False) >= 1:
                    finished = True
                    break
                if checkpoint is not None and time.monotonic() - saved > CHECKPOINT_SECONDS:
                    save_run(self, checkpoint)
                    saved = time.monotonic()
            learnt, self.state.epoch, self.state.place = self.state.place > 0, self.state.epoch + 1, 0
            self.state.seconds = time.monotonic() - started
            finished = finished or self._progress(minutes, ahead=validation_seconds) >= 1
            if finished or (learnt and self.state.epoch % self.config.validate_every == 0):
                before = time.monotonic()
                settled = finished and self.config.keep == "last"
                better = self._validate(float(np.mean(losses or [np.nan])), settled=settled)
                losses = []
                if better and on_better is not None:
                    on_better(self.best_network(), self.state)
                validation_seconds = time.monotonic() - before
                self.state.seconds = time.monotonic() - started
            finished = finished or self._stalled()
            if checkpoint is not None and finished:
                save_run(self, checkpoint)
        return self.best_network()

    def begin_with(self, network: nn.Module) -> None:
        """Take the weights of a trained network to begin with.

        Raises
        ------
        ModelError
            When its layers are not those of this method's network.
        """
        try:
            self.network.load_state_dict(network.state_dict())
        except RuntimeError as error:
            raise ModelError(
                "the model to begin with has another network", cure="train with the options that it was trained with"
            ) from error
        self.average = AveragedNetwork(self.network, self.config.averaging)

    def best_network(self) -> nn.Module:
        """The network with the best validation error so far, on the CPU."""
        return self._network_of(self.selection.best)

    def most_accurate_network(self) -> nn.Module:
        """The network that counted most validation images exactly right so far, on the CPU."""
        return self._network_of(self.selection.most_accurate)

    def _network_of(self, weights: Weights) -> nn.Module:
        network = self.method.network()
        network.load_state_dict(weights)
        return network.eval()

    def _stalled(self) -> bool:
        """Whether the validation error has not fallen for as long as `patience` allows."""
        history = self.state.history
        return bool(history) and history[-1]["epoch"] - max(self.state.best_epoch, 0) >= self.config.patience

    def _train_mode(self) -> None:
        """Training mode, but for the parts and statistics that are to stay frozen."""
        self.freezing.train(self.state.thawed, statistics=not (self.config.freeze_statistics or self.state.frozen))

    def _freeze_when_due(self, done: float) -> None:
        """Thaw what is due, and from the configured share on train under the statistics that will count."""
        due, after = self.freezing.due(done), self.config.freeze_statistics_after
        still = after is not None and done >= after and not self.state.frozen
        if still:
            self.network.load_state_dict(self.average.network.state_dict())
            self.state.frozen = True
        if still or due > self.state.thawed:
            new = self.freezing.plan.stages[self.state.thawed : due]
            self.state.thawed_at |= {stage.name: self.state.step for stage in new}
            self._train_mode()

    def _first(self, done: float) -> Literal["drawn", "natural"] | None:
        """The kind of pictures that alone is learnt from when the share `done` of the run is behind.

        Once both are learnt from it stays so, even where a larger budget makes the share smaller again.
        """
        self.state.first_over = self.state.first_over or done >= self.transfer.first_share
        return None if self.state.first_over else self.transfer.first

    def _progress(self, minutes: float | None, *, ahead: float, within: bool = True) -> float:
        """Share of the run that is done; `within` an epoch, what of it is done counts as well."""
        state = self.state
        part = min(1.0, state.place / self.epoch_steps) if within else 0.0
        return progress(
            self.config, step=state.step, epoch=state.epoch + part, seconds=state.seconds + ahead, minutes=minutes
        )

    def _report(self, done: float, loss: float) -> TrainingProgress:
        state = self.state
        judged = "validation_loss" if self.error == "loss" else "validation_mae"
        latest = state.history[-1][judged] if state.history else float("nan")
        return TrainingProgress(done, state.epoch, state.step, state.seconds, loss, latest, state.best_error)

    def _step(self, batch: Batch, done: float) -> float:
        assert self.optimiser is not None
        state, images = self.state, len(self.data.training)
        behind = plateaus(self._errors(), self.config.plateau_epochs) if self.config.schedule == "plateau" else 0
        rate = learning_rate(self.config, step=state.step, done=done, epoch=state.epoch, images=images, plateaus=behind)
        self.state.learning_rate = rate
        for group in self.optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        # layers that draw, as dropout does, draw the same after a resume
        torch.manual_seed(int(np.random.SeedSequence((self.seed, self.state.step)).generate_state(1)[0]))
        moment = Moment(self.state.epoch, done)
        loss = batch_loss(self.method, self.network, batch, self.device, self.dtype, moment)
        wrong = descend(self.network, self.optimiser, loss, self.config.clip)
        if wrong is not None:
            raise self._diverged(wrong)
        self.average.update(self.network, self.state.step)
        self.state.step += 1
        self.state.place += 1
        return float(loss.detach())

    def _errors(self) -> list[tuple[int, float]]:
        """Epoch and error of each validation so far."""
        return [(int(row["epoch"]), row[f"validation_{self.error}"]) for row in self.state.history]

    def _diverged(self, what: str) -> CytallyError:
        return CytallyError(
            f"{what} is no longer a number at step {self.state.step}",
            cure="lower training.learning_rate or set training.clip=1, and train anew with --overwrite; "
            + ("the last good model is kept" if self.state.history else "no model was good enough to keep yet"),
        )

    def _validate(self, train_loss: float, *, settled: bool = False) -> bool:
        """Count every validation image whole; keep the weights when the mean absolute error is the best so far.

        Those that are `settled` are kept in any case.
        """
        state, network, error = self.state, self.average.network, self.error
        device, precision = self.device, self.counting.precision
        metrics = validate(self.method, network, self.data.validation, device, precision, loss=error == "loss")
        if not np.isfinite(metrics[error]):
            raise self._diverged("the validation error")
        better = self.selection.consider(network, metrics, state, settled=settled, error=error)
        if self.config.keep_most_accurate:
            self.selection.consider_accuracy(network, metrics, state)
        row = {"epoch": state.epoch, "step": state.step, "seconds": state.seconds, "train_loss": train_loss}
        row |= {
            "learning_rate": state.learning_rate,
            "validation_mae": metrics["mae"],
            "validation_bias": metrics["bias"],
        }
        if error == "loss":
            row["validation_loss"] = metrics["loss"]
        state.history.append(row)
        logger.debug("epoch %d: validation error %.3f", state.epoch, metrics["mae"])
        return better
