"""Parts of a network that a run must not change, and when they thaw.

Frozen means frozen: no weight, no statistic of batch norm, no dropout in that part. Gradients still pass through it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm as BatchNorm

from cytally.errors import ConfigError
from cytally.methods.method import Method
from cytally.training.transfer import TransferConfig


class Stage(NamedTuple):
    """Parts that unfreeze together."""

    name: str
    parts: tuple[str, ...]
    at: float
    """Share of the run at which they do."""


class FreezingPlan(NamedTuple):
    """What is frozen when a run begins, and what changes on the way."""

    frozen: tuple[str, ...] = ()
    """Parts that are frozen to begin with."""
    always: tuple[str, ...] = ()
    """Those that `transfer.freeze` names, which no stage thaws."""
    stages: tuple[Stage, ...] = ()


def plan_freezing(
    method: Method, network: nn.Module, config: TransferConfig | None, *, drawn: bool = True
) -> FreezingPlan:
    """Work out what a strategy means for a method's `network`, with `drawn` images or without; None freezes nothing.

    Raises
    ------
    ConfigError
        When there is no part of a name, the method has no core or no weights, the stages are not as many as the shares
        at which they unfreeze, or nothing is left that could learn.
    """
    if config is None:
        return FreezingPlan()
    if not method.has_weights:
        raise ConfigError(
            f"the method '{method.name}' has no weights that could be carried over",
            cure="train it on the new images with 'cytally train'",
        )
    check_parts(network, config.freeze, "transfer.freeze")
    parts, stages = method.parts(network), tuple[Stage, ...]()
    if config.strategy == "simultaneous":
        plan = FreezingPlan(config.freeze, config.freeze)
    elif parts is None:
        raise ConfigError(
            f"the method '{method.name}' has no core of its own to freeze, as the strategy {config.strategy} asks for",
            cure="name parts with transfer.freeze and set transfer.strategy=simultaneous",
        )
    else:
        begin = config.thaw_from if config.strategy == "thaw" else config.strategy
        frozen = parts.core if begin == "frozen-core" else parts.outer
        if config.strategy == "thaw":
            stages = _stages(parts.stages if config.stages is None else tuple(config.stages.items()), config, network)
        plan = FreezingPlan((*frozen, *config.freeze), config.freeze, stages)
    idle = (*plan.frozen, *method.untaught(drawn=drawn))
    if all(is_part_of(name, idle) for name, each in network.named_parameters() if each.requires_grad):
        raise ConfigError(
            f"the strategy {config.strategy} with these parts freezes the whole network, or all of it that could learn",
            cure="freeze fewer parts with transfer.freeze"
            + (", or choose transfer.strategy=simultaneous" if config.strategy != "simultaneous" else ""),
        )
    return plan


def _stages(
    named: tuple[tuple[str, tuple[str, ...]], ...], config: TransferConfig, network: nn.Module
) -> tuple[Stage, ...]:
    shares = config.thaw_at or tuple((place + 1) / (len(named) + 1) for place in range(len(named)))
    if len(shares) != len(named):
        raise ConfigError(
            f"there are {len(shares)} shares in transfer.thaw_at, but the method has {len(named)} stages: "
            + ", ".join(name for name, _ in named),
            cure="give one share for each stage, or stages of your own with transfer.stages",
        )
    for name, parts in named:
        check_parts(network, parts, f"transfer.stages.{name}")
    return tuple(Stage(name, parts, at) for (name, parts), at in zip(named, shares, strict=True))


class Freezing:
    """Keeps parts of a network frozen, through `train()` as well, until their stage comes.

    Parameters
    ----------
    network
        The network that is trained.
    plan
        What is frozen, and what thaws when.
    """

    def __init__(self, network: nn.Module, plan: FreezingPlan) -> None:
        self.network, self.plan = network, plan
        self._learnable = [name for name, each in network.named_parameters() if each.requires_grad]

    def is_frozen(self, name: str, thawed: int) -> bool:
        """Whether the module or weight of that name is frozen once so many stages are thawed."""
        if is_part_of(name, self.plan.always):
            return True
        free = [part for stage in self.plan.stages[:thawed] for part in stage.parts]
        return is_part_of(name, self.plan.frozen) and not is_part_of(name, free)

    def due(self, done: float) -> int:
        """How many stages are thawed when the share `done` of the run is behind."""
        return sum(done >= stage.at for stage in self.plan.stages)

    def train(self, thawed: int, *, statistics: bool = True) -> None:
        """Training mode for all but what is frozen; without `statistics` no batch norm renews its own."""
        for name, module in self.network.named_modules():
            still = isinstance(module, BatchNorm) and not statistics
            module.training = not (still or self.is_frozen(name, thawed))
        named = dict(self.network.named_parameters())
        for name in self._learnable:
            named[name].requires_grad_(not self.is_frozen(name, thawed))


def is_part_of(name: str, parts: Iterable[str]) -> bool:
    """Whether a module or weight is one of `parts`, or within one.

    Examples
    --------
    >>> is_part_of("mean.0.weight", ["mean"]), is_part_of("meaning.weight", ["mean"])
    (True, False)
    """
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def check_parts(network: nn.Module, parts: Collection[str], setting: str) -> None:
    """Refuse names of which the network has no part that could learn.

    Raises
    ------
    ConfigError
        Names the first such part, and those that there are.
    """
    weights = [name for name, _ in network.named_parameters()]
    for part in parts:
        if not any(is_part_of(name, [part]) and name != part for name in weights):
            known = dict.fromkeys(name.partition(".")[0] for name in weights)
            raise ConfigError(
                f"'{setting}' names '{part}', and the network has no such part",
                cure=f"choose among {', '.join(known)}, or a part of these, as {_within(weights)}",
            )


def _within(weights: list[str]) -> str:
    """An example of a part within a part."""
    return next((name.rpartition(".")[0] for name in weights if name.count(".") > 1), weights[0].rpartition(".")[0])
