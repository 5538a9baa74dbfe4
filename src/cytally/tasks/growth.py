"""Following time-lapses: drift, counts, growth curves, tracks, videos and a report."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cytally.errors import CytallyError, OutputError, UsageError
from cytally.files import write_text
from cytally.images.frames import find_timelapses
from cytally.images.timelapse import TimeLapse
from cytally.models.model import Model
from cytally.report.growth_page import GrowthPage, write_growth_page
from cytally.report.html import ReportFailure
from cytally.tasks.called_model import CalledModel, called
from cytally.tasks.count_run import model_facts, refuse_other_run, run_in_words
from cytally.tasks.failures import failure_line, write_failures
from cytally.tasks.growth_conditions import Conditions
from cytally.tasks.growth_files import write_lapse, write_video
from cytally.tasks.growth_frames import fingerprint
from cytally.tasks.growth_lapse import OnStep, follow
from cytally.tasks.growth_options import GrowthTaskOptions
from cytally.tasks.growth_report import DrawnLapse, all_curves, section, write_summary
from cytally.tasks.growth_series import fit_in_words
from cytally.tasks.input_digests import KEY, absolute, absolute_pattern, digests
from cytally.tasks.model_notes import model_notes
from cytally.tasks.output import FOLLOWED, check_output, open_output, writing
from cytally.tasks.provenance import provenance, report_facts
from cytally.tasks.shared_model import make_ready
from cytally.tasks.watch import Watch

logger = logging.getLogger(__name__)

WORK = ".work"


@dataclass(frozen=True)
class GrowthSummary:
    """What came of a run.

    Parameters
    ----------
    out
        The output folder.
    lapses
        The time-lapses that were followed.
    failures
        Time-lapses and frames that could not be, and why.
    notes
        Sentences on what was assumed or found.
    seconds
        How long it took.
    """

    out: Path
    lapses: tuple[DrawnLapse, ...]
    failures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def frames(self) -> int:
        """Number of frames of all time-lapses together."""
        return sum(len(each.followed.lapse) for each in self.lapses)

    @property
    def sentences(self) -> tuple[str, ...]:
        """How each time-lapse grows, in a sentence."""
        return tuple(f"{each.followed.lapse.name}: {fit_in_words(each.followed.fit)}" for each in self.lapses)


def growth(
    inputs: Sequence[str | Path],
    out: str | Path,
    model: str | Path | Model | CalledModel = "nuclei-fluorescence",
    options: GrowthTaskOptions | None = None,
    watch: Watch | None = None,
) -> GrowthSummary:
    """Follow time-lapses and write all that the documentation of `cytally growth` lists into `out`.

    Parameters
    ----------
    inputs
        Stacks of frames, folders of frames, and glob patterns.
    out
        Output folder. Of one time-lapse its files lie there; of several in ``timelapses/NAME``.
    model
        A model, a model folder, or the name of a bundled one.
    options
        How to follow.
    watch
        Functions to call on the way.

    Raises
    ------
    UsageError, ModelError
        Before any pixel is read; nothing is written then.
    OutputError
        When `out` can no longer be written to. Frames that were counted stay, and ``--resume`` goes on.
    """
    options, watch, folder, started = options or GrowthTaskOptions(), watch or Watch(), Path(out), time.monotonic()
    conditions = Conditions.of(options.samples)
    lapses, errors = find_timelapses(
        inputs,
        axes=options.axes,
        pattern=options.pattern,
        grid=options.grid,
        interval=options.interval,
        pixel_size=options.pixel_size,
    )
    if not lapses and errors:
        raise errors[0]
    reads = [lapse.source for lapse in lapses] + ([Path(model)] if isinstance(model, str | Path) else [])
    check_output(folder, FOLLOWED, resume=options.resume, overwrite=options.overwrite, reads=reads)
    named_model = called(model)
    trained, model_name = named_model.model, named_model.name
    make_ready(trained, options.backend, options.device)
    if options.diameter is not None and trained.card.configuration.input.object_diameter is None:
        raise UsageError(
            f"the model '{model_name}' sees images in their own size, whatever the diameter of a cell",
            cure="leave out --diameter, or use a model that estimates it, as 'nuclei-fluorescence'",
        )
    run = _describe(named_model, inputs, lapses, options)
    earlier = _earlier(folder) if options.resume else {}
    if earlier:
        refuse_other_run(earlier, run, options.deciding(), str(folder))
        _refuse_other_frames(earlier, run, folder)
        if earlier.get("finished"):
            refuse_other_run(earlier, run, options.seen(), str(folder))
            note = f"{folder}: is finished already; --overwrite starts again."
            return GrowthSummary(folder, (), (), (note,), time.monotonic() - started)
    open_output(folder, FOLLOWED, overwrite=options.overwrite)
    following = _Following(trained, lapses, folder, options, watch, conditions)
    following.failures += [(_called(error), error.line()) for error in errors]
    for _, line in following.failures:
        watch.on_failure("", line)
    with writing(folder):
        _write_run(folder, run, following, finished=False)
    following.all()
    notes = model_notes(trained.card)
    with writing(folder):
        write_summary(folder, following.done)
        table, words = conditions.compare(following.done, folder)
        page = GrowthPage(
            title="Growth",
            model=model_name,
            description=trained.card.description or f"A model of the method {trained.card.method}.",
            unit=following.done[0].followed.unit if following.done else "hours",
            sections=tuple(section(folder, each) for each in following.done),
            failures=tuple(ReportFailure(name, line) for name, line in following.failures),
            curve=all_curves(following.done),
            comparison=table,
            comparison_words=tuple(words),
            notes=tuple(dict.fromkeys(notes)),
            facts=report_facts(time.monotonic() - started, model=model_name),
        )
        write_growth_page(folder / "report.html", page)
        _write_run(folder, run, following, finished=not following.failures)
        if not following.failures:  # else what is counted is kept, for --resume to try the rest again
            shutil.rmtree(folder / WORK, ignore_errors=True)
    told = [*notes, *(note for each in following.done for note in each.followed.notes), *words]
    return GrowthSummary(
        folder,
        tuple(following.done),
        tuple(following.failures),
        tuple(dict.fromkeys(told)),
        time.monotonic() - started,
    )


class _Following:
    """All time-lapses, one after the other."""

    def __init__(
        self,
        model: Model,
        lapses: Sequence[TimeLapse],
        folder: Path,
        options: GrowthTaskOptions,
        watch: Watch,
        conditions: Conditions,
    ) -> None:
        self.model, self.lapses, self.folder, self.options = model, lapses, folder, options
        self.watch, self.conditions = watch, conditions
        self.done: list[DrawnLapse] = []
        self.failures: list[tuple[str, str]] = []

    def all(self) -> None:
        """Follow every time-lapse; what fails is noted, and the next is followed."""
        (self.folder / "failures.csv").unlink(missing_ok=True)
        for lapse in self.lapses:
            try:
                self._one(lapse)
            except OutputError:
                raise
            except Exception as error:
                line = failure_line(error, lapse.source)
                self._fail(lapse.name, line)
                if not isinstance(error, CytallyError):
                    logger.debug("%s", lapse.name, exc_info=error)
        if self.failures:
            with writing(self.folder):
                write_failures(self.folder, self.failures)

    def _one(self, lapse: TimeLapse) -> None:
        place = f"timelapses/{lapse.stem}" if len(self.lapses) > 1 else ""
        folder = self.folder / place
        on_step = self._steps(lapse)
        followed = follow(self.model, lapse, self.folder / WORK / lapse.stem, self.options, on_step)
        for failed in followed.failures.values():
            self._fail(failed.name, failed.line)
        with writing(self.folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_lapse(folder, followed, provenance())
        video, poster = write_video(folder, followed, on_step) if self.options.video else (None, None)
        condition = self.conditions.of_lapse(lapse)
        video_name = video.name if video is not None and poster is not None else None
        self.done.append(DrawnLapse(followed, place, condition, video_name, poster))

    def _steps(self, lapse: TimeLapse) -> OnStep:
        def on_step(stage: str, share: float) -> None:
            self.watch.on_images(f"{stage} {lapse.name}", share * len(lapse), len(lapse))

        return on_step

    def _fail(self, name: str, line: str) -> None:
        self.failures.append((name, line))
        self.watch.on_failure(name, line)


def _called(error: CytallyError) -> str:
    return Path(error.file).name if error.file else ""


def _describe(
    named: CalledModel, inputs: Sequence[str | Path], lapses: Sequence[TimeLapse], options: GrowthTaskOptions
) -> dict[str, Any]:
    """The task, inputs, model and options of a run, as run.json holds them."""
    return {
        "task": "growth",
        "inputs": [str(lapse.source.absolute()) for lapse in lapses],
        "given": [absolute_pattern(each) for each in inputs],
        KEY: digests([*(file for lapse in lapses for file in lapse.files), *options.files().values()]),
        "model": model_facts(named),
        "options": options.as_dict(),
        "option_files": {name: absolute(path) for name, path in options.files().items()},
        "frames": {lapse.name: fingerprint(lapse) for lapse in lapses},
        "ran_by": run_in_words(named.model),
    }


def _refuse_other_frames(earlier: dict[str, Any], run: dict[str, Any], folder: Path) -> None:
    """Refuse to go on with other frames than those that are counted already.

    Raises
    ------
    UsageError
        Naming the first time-lapse that differs.
    """
    before, now = earlier.get("frames", {}), run["frames"]
    for name in [*before, *now]:
        if before.get(name) != now.get(name):
            raise UsageError(
                f"was begun with other frames of {name}",
                file=folder,
                cure="name the same time-lapses, unchanged, or follow them anew with --overwrite",
            )


def _earlier(folder: Path) -> dict[str, Any]:
    try:
        values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _write_run(folder: Path, run: dict[str, Any], following: _Following, *, finished: bool) -> None:
    told = {
        "made_by": provenance(),
        "finished": finished,
        "timelapses": {each.followed.lapse.name: each.place or "." for each in following.done},
        "failures": dict(following.failures),
    }
    write_text(folder / "run.json", json.dumps({**run, **told}, indent=2) + "\n")
