"""What to label next: images, or regions of them, ranked by what labelling them is expected to gain."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cytally.choosing.look import Onlooker
from cytally.choosing.queue import queue
from cytally.errors import OutputError, UsageError
from cytally.files import write_text
from cytally.images.sources import find_images
from cytally.inference.torch_backend import find_device
from cytally.models.model import Model
from cytally.tasks.called_model import called
from cytally.tasks.count_run import model_facts, refuse_other_run, run_in_words
from cytally.tasks.inputs import Inputs
from cytally.tasks.output import SUGGESTED, check_output, open_output, writing
from cytally.tasks.provenance import provenance
from cytally.tasks.suggest_files import write_suggestions
from cytally.tasks.suggest_labelled import already_labelled, labelled_images
from cytally.tasks.suggest_looking import Looking
from cytally.tasks.suggest_options import SuggestOptions
from cytally.tasks.suggest_row import Suggestion
from cytally.tasks.suggest_summary import SuggestSummary
from cytally.tasks.watch import Watch


def suggest(
    inputs: Sequence[str | Path],
    out: str | Path,
    model: str | Path | Model,
    options: SuggestOptions | None = None,
    watch: Watch | None = None,
) -> SuggestSummary:
    """Rank images by what labelling them is expected to gain, and write the queue into `out`.

    Nothing is drawn at random: the same files, model and options give the same queue.

    Parameters
    ----------
    inputs
        Files, folders and glob patterns.
    out
        Output folder.
    model
        A model, a model folder, or the name of a bundled one. It counts by torch from then on.
    options
        How many to suggest, and what is labelled already.
    watch
        Functions to call on the way. What `on_images` raises ends the run; `resume` goes on with it.

    Raises
    ------
    UsageError, ModelError, DataError
        Before any input is opened; nothing is written then.
    OutputError
        When `out` can no longer be written to. What was seen so far stays valid.
    """
    options, watch, folder, started = options or SuggestOptions(), watch or Watch(), Path(out), time.monotonic()
    images = Inputs(find_images(inputs))
    reads = [*images.paths, *(Path(each) for each in (model, options.labelled) if isinstance(each, str | Path))]
    check_output(folder, SUGGESTED, resume=options.resume, overwrite=options.overwrite, reads=reads)
    named = called(model)
    trained = named.model
    trained.to(find_device(options.device))
    onlooker = Onlooker(trained, options.channel)
    if options.regions and not onlooker.maps:
        raise UsageError(
            f"the model '{trained.name}' counts pictures as a whole, and tells no regions apart",
            cure="leave out --regions",
        )
    labelled = [] if options.labelled is None else labelled_images(options.labelled)
    left_out, notes = already_labelled(images, labelled)
    if len(left_out) == len(images):
        raise UsageError(
            "holds every image that was named", file=str(options.labelled), cure="name images that are not labelled yet"
        )
    run = {
        "task": "suggest",
        "inputs": images.absolute(),
        "model": model_facts(named),
        "options": options.as_dict(),
        "ran_by": run_in_words(trained),
    }
    if options.resume and (folder / "run.json").is_file():
        refuse_other_run(_earlier(folder), run, options.deciding(), str(folder))

    open_output(folder, SUGGESTED, overwrite=options.overwrite)
    looking = Looking(folder, images, onlooker, options, watch, len(images) - len(left_out))
    try:
        _write_run(folder, run, looking.failures, finished=False, started=started)
        looking.begin()
        parts = [(path, seen) for path in images.paths if path not in left_out for seen in looking.input(path)]
        looking.turn_to_labelled(len(labelled))
        known = [seen.part for path in labelled for seen in looking.input(path, labelled=True)]
        ranked = queue([seen.part for _, seen in parts], known, options.number)
        notes += _without_gain(len(parts), len(ranked), options)
        suggestions = []
        for rank, each in enumerate(ranked, start=1):
            path, seen = parts[each.index]
            part, image = seen.part, images.name(path) + seen.place
            suggestions.append(Suggestion(rank, image, path, part.box, each.gain, part.disagreement, each.why))
        looked = len(images) - len(left_out) - len({image for image, _ in looking.failures})
        seconds = time.monotonic() - started
        summary = SuggestSummary(
            folder, tuple(suggestions), looked, len(left_out), tuple(looking.failures), tuple(notes), seconds
        )
        with writing(folder):
            write_suggestions(summary, onlooker, images, options, named.name)
        _write_run(folder, run, looking.failures, finished=True, started=started)
    except BaseException:
        with suppress(OutputError):
            _write_run(folder, run, looking.failures, finished=False, started=started)
        raise
    return summary


def _without_gain(parts: int, ranked: int, options: SuggestOptions) -> list[str]:
    """A note on parts that were not ranked though there is room in the queue."""
    left = parts - ranked
    if ranked >= options.number or not left:
        return []
    what = "region" if options.regions else "image"
    one, many = f"1 {what} is a copy of another", f"{left} {what}s are copies of others"
    return [f"{one if left == 1 else many}, or empty, and labelling {'it' if left == 1 else 'them'} would add nothing."]


def _earlier(folder: Path) -> dict[str, Any]:
    try:
        earlier: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(
            "cannot be gone on with, its run.json was changed", file=folder, cure="begin anew with --overwrite"
        ) from error
    return earlier


def _write_run(
    folder: Path, run: dict[str, Any], failures: Sequence[tuple[str, str]], *, finished: bool, started: float
) -> None:
    seconds = round(time.monotonic() - started, 3)
    facts = {"made_by": provenance(), "finished": finished, "seconds": seconds, "failures": dict(failures)}
    with writing(folder):
        write_text(folder / "run.json", json.dumps(run | facts, indent=2) + "\n")
