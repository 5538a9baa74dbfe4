"""The trained model that another one learns from: whether it can teach it, and what is remembered of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from cytally.errors import ConfigError, UsageError
from cytally.methods.map_method import MapMethod
from cytally.methods.method import Method
from cytally.methods.registry import find_method
from cytally.models.model import Model
from cytally.models.store import load
from cytally.tasks.start import Start, check_channels, start_of
from cytally.training.configuration import Configuration
from cytally.training.teacher import Teacher


def load_teacher(configuration: Configuration) -> Model | None:
    """The model that `training.teacher` names, which has to see images as the new one will; None where none is named.

    Raises
    ------
    ConfigError
        When the method learns from no teacher, or the teacher is shown images in another way.
    ModelError
        When there is no such model.
    """
    name = configuration.training.teacher
    if name is None:
        return None
    if not find_method(configuration.method).learns_from_teacher:
        raise ConfigError(
            f"the method {configuration.method} learns from no teacher", cure="leave out training.teacher"
        )
    teacher = load(name)
    asked, given = teacher.card.configuration.input, configuration.input
    for setting in type(given).model_fields:
        wanted = getattr(asked, setting)
        if getattr(given, setting) != wanted:
            raise ConfigError(
                f"'training.teacher' sees images in another way: its input.{setting} is {wanted}",
                cure=f"set input.{setting} as the teacher has it",
            )
    return teacher


def make_teacher(model: Model, method: Method, device: torch.device) -> Teacher:
    """What the training asks: `model`, once it is certain that `method` can learn from it.

    Raises
    ------
    ConfigError
        When the teacher's maps are not what the method shall make.
    ModelError
        When the teacher takes another number of channels.
    UsageError
        When the teacher makes no maps.
    """
    check_channels(model, method.in_channels)
    if not isinstance(model.method, MapMethod) or not isinstance(method, MapMethod):
        raise UsageError(
            f"the model '{model.name}' makes no maps that another one could learn", cure="leave out training.teacher"
        )
    method.taught_by(model.method, np.zeros((1, 1, 1, 1), np.float32))
    return Teacher(model.method, model.network, device)


def teacher_fact(model: Model, name: str) -> Start:
    """What model.json remembers of the teacher, which is called by its own name or that of its folder."""
    return start_of(model, Path(name))
