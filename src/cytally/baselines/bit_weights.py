"""Published weights of a BiT network, from a file, a folder or the hub, made to fit a network that counts."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor, nn

from cytally.errors import ModelError
from cytally.methods.pretrained import fit_weights, read_weights

HUB, HUB_FILE = "google/bit-50", "pytorch_model.bin"
NAMES = ("model.safetensors", "pytorch_model.bin")
"""What transformers calls weights that it saves, now and formerly."""
WITHIN = "bit."
"""What stands before the names of the network's tensors where a classifier was saved with it."""
CURE = "give weights of BiT's ResNet-50 as transformers saves them, options.weights=hub to download them, or null"


def find_weights(given: str) -> dict[str, Tensor]:
    """Those for `options.weights`: `hub`, the path of a file, or that of a folder that transformers has saved.

    Raises
    ------
    ModelError
        When they cannot be had.
    """
    if given == "hub":
        return download_weights()
    path = Path(given)
    if path.is_dir():
        path = next((path / name for name in NAMES if (path / name).is_file()), path / NAMES[0])
    return read_weights(path, CURE)


def download_weights() -> dict[str, Tensor]:
    """The weights of `google/bit-50`, downloaded once and then kept by transformers. They are read as data.

    Raises
    ------
    ModelError
        When they cannot be had.
    """
    from transformers.utils.hub import cached_file  # takes seconds to import

    try:
        with _quiet_download():
            kept = cached_file(HUB, HUB_FILE, local_files_only=True, _raise_exceptions_for_missing_entries=False)
            path = kept or cached_file(HUB, HUB_FILE)
    except (OSError, RuntimeError, ValueError) as error:  # no network, an answer that is none, or a cut download
        why = str(error).split("\n")[0].rstrip(". ")
        raise ModelError(
            f"the weights of {HUB} cannot be downloaded ({why})",
            cure="go online once, give a file with options.weights=FILE, or train without: options.weights=null",
        ) from error
    assert path is not None, "it raises when there is none"
    return read_weights(Path(path), CURE)


def fit_bit(weights: Mapping[str, Tensor], network: nn.Module, source: str) -> dict[str, Tensor]:
    """The state of a `BitModel` with everything from `weights`, with or without a classifier.

    Raises
    ------
    ModelError
        When something is missing or of another shape; names it.
    """
    given = {name.removeprefix(WITHIN): value for name, value in weights.items()}
    return fit_weights(given, network, HUB if source == "hub" else source, CURE)


@contextmanager
def _quiet_download() -> Iterator[None]:
    """No progress bars and no notes of the libraries that download."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    loggers = {name: logging.getLogger(name) for name in ("huggingface_hub", "transformers")}
    levels, bars = {name: logger.level for name, logger in loggers.items()}, not are_progress_bars_disabled()
    for logger in loggers.values():
        logger.setLevel(logging.CRITICAL)
    disable_progress_bars()
    try:
        yield
    finally:
        for name, logger in loggers.items():
            logger.setLevel(levels[name])
        if bars:
            enable_progress_bars()
