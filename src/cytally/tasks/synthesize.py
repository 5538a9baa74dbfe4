"""Drawing labelled images, volumes or time-lapses of any number: a data folder whose every cell is known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast, overload

from cytally.errors import UsageError
from cytally.files import write_text
from cytally.synthesis.nuclei import DrawnImage
from cytally.synthesis.timelapse import DrawnTimelapse
from cytally.synthesis.volumes import DrawnVolume
from cytally.tasks.drawn_folder import COUNTS, DrawnFolder
from cytally.tasks.output import SYNTHESIZED, check_output, open_output, writing
from cytally.tasks.rows import read_rows
from cytally.tasks.synthesis_configuration import SynthesisConfiguration, make_synthesis, naming, read_synthesis
from cytally.tasks.synthesis_plan import Plan, make_plan
from cytally.tasks.synthesis_timelapse_files import TimelapseFolder, timelapses_in
from cytally.tasks.watch import Watch

Config = SynthesisConfiguration | dict[str, Any] | str | Path
Drawn = list[DrawnImage] | list[DrawnVolume] | list[DrawnTimelapse]

DRAWN = re.compile(r"\.\d+-.*|\d{5}\.(png|tif)")
"""Names in images/ and labels/ that this command gives, half-written ones included."""


@overload
def synthesize(config: Config, out: None = None, *, watch: Watch | None = None) -> Drawn: ...


@overload
def synthesize(
    config: Config, out: str | Path, *, resume: bool = False, overwrite: bool = False, watch: Watch | None = None
) -> Path: ...


def synthesize(
    config: Config,
    out: str | Path | None = None,
    *,
    resume: bool = False,
    overwrite: bool = False,
    watch: Watch | None = None,
) -> Path | Drawn:
    """Draw images of cells with known counts, points and labels, or volumes or time-lapses, with known labels.

    Image i is drawn from ``numpy.random.default_rng([seed, i])`` alone: the same configuration gives the same bytes, a
    set may grow, and a run that was killed goes on.

    Parameters
    ----------
    config
        A `SynthesisConfiguration`, the same as a dictionary, or the path of a YAML file.
    out
        Data folder to write: images/, labels/, points.csv (of images alone), counts.csv, run.json; of time-lapses
        truth/ in place of the tables. None keeps them in memory.
    resume
        Go on from `out` after a kill, or with more images; begin where `out` does not exist.
    overwrite
        Replace what an earlier run wrote into `out`.
    watch
        Functions to call on the way.

    Returns
    -------
    Path, list of DrawnImage, of DrawnVolume or of DrawnTimelapse
        The folder, or without `out` what was drawn.

    Raises
    ------
    ConfigError, DataError, UsageError
        When a setting is wrong, a folder to imitate cannot be used, or the cells do not fit. Nothing is written, unless
        it is an image with fewer cells than the fullest whose cells, being larger, do not fit: then what was finished
        stays.
    OutputError
        When `out` can no longer be written to, as on a full disk; what was finished stays.
    """
    watch = watch or Watch()
    configuration = _configuration(config)
    with naming(configuration.file):
        if out is not None:
            _check_folder(Path(out), configuration, resume=resume, overwrite=overwrite)
        plan = make_plan(configuration, watch)
        if out is None:
            drawn = [plan.draw(number) for number in _numbers(0, configuration.images, watch)]
            return cast(Drawn, drawn)
        if plan.things == "images":  # cells that do not fit are told before anything is written; volumes hold what does
            plan.draw(plan.fullest(configuration.images))
        run = {
            "task": "synthesize",
            "versions": {name: version(name) for name in ("cytally", "numpy", "scipy")},
            **plan.facts(),
            "configuration": configuration.model_dump(mode="json"),
        }
        if resume:
            _check_resumable(Path(out), run, plan, configuration.images)
        open_output(Path(out), SYNTHESIZED, overwrite=overwrite)
        with writing(Path(out)):
            _draw_into(Path(out), plan, configuration.images, run, watch)
    return Path(out)


def _draw_into(out: Path, plan: Plan, images: int, run: dict[str, Any], watch: Watch) -> None:
    write_text(out / "run.json", json.dumps(run, indent=2) + "\n")  # by it a later run knows the folder
    if plan.things == "time-lapses":
        timelapses = TimelapseFolder(out)
        for number in _numbers(timelapses.done, images, watch):
            timelapses.add(cast(DrawnTimelapse, plan.draw(number)))
        return
    folder = DrawnFolder(out, volumes=plan.things == "volumes")
    for number in _numbers(folder.done, images, watch):
        folder.add(cast(DrawnImage | DrawnVolume, plan.draw(number)))


def _numbers(done: int, images: int, watch: Watch) -> Iterator[int]:
    """The numbers of the images that are still to be drawn, telling `watch` of each."""
    for number in range(done, images):
        watch.on_images("Drawing", number, images)
        yield number
    watch.on_images("Drawing", images, images)


def _configuration(config: Config) -> SynthesisConfiguration:
    if isinstance(config, SynthesisConfiguration):
        return config
    return make_synthesis(config) if isinstance(config, dict) else read_synthesis(Path(config))


def _check_folder(out: Path, configuration: SynthesisConfiguration, *, resume: bool, overwrite: bool) -> None:
    """Refuse a folder that must not be written to, or that holds images which were not drawn."""
    folders = [configuration.like, configuration.counts.folder if configuration.counts else None]
    reads = [folder / entry for folder in folders if folder is not None for entry in SYNTHESIZED.entries]
    if isinstance(configuration.background, str) and configuration.background != "natural":
        reads.append(Path(configuration.background))
    check_output(out, SYNTHESIZED, resume=resume, overwrite=overwrite, reads=reads)
    for folder in (out / "images", out / "labels"):
        strange = sorted(path for path in folder.iterdir() if not DRAWN.fullmatch(path.name)) if folder.is_dir() else []
        if strange:
            raise UsageError(
                "was not drawn by 'cytally synthesize'", file=strange[0], cure="move it, or give another folder with -o"
            )


def _check_resumable(out: Path, run: dict[str, Any], plan: Plan, images: int) -> None:
    """Refuse to go on with other images than were begun; more of them may be asked for."""
    try:
        earlier = json.loads((out / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # nothing was begun
    differing = [key for key in run if key != "configuration" and earlier.get(key) != run[key]]
    if "drawn_as" in differing:
        before, now = earlier.get("drawn_as", {}), run["drawn_as"]
        names = sorted(key for key in before.keys() | now.keys() if before.get(key) != now.get(key))
        differing[differing.index("drawn_as")] = f"settings ({', '.join(names)})"
    if differing:
        raise UsageError(
            f"was begun with other {', '.join(differing)}",
            file=out,
            cure="resume with the same configuration, or start again with --overwrite",
        )
    done = timelapses_in(out) if plan.things == "time-lapses" else len(read_rows(out / "counts.csv", COUNTS))
    if done > images:
        raise UsageError(
            f"holds {done} {plan.things} already, and {images} are asked for",
            file=out,
            cure=f"resume with --images {done} or more, or start again with --overwrite",
        )
