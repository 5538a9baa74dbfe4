"""What a run.json tells of a run that is to be repeated, and whether what it read is still the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from cytally.errors import UsageError
from cytally.tasks.input_digests import digests

RUN = "run.json"
Options = TypeVar("Options")

ONLY_TOLD = ("roi_sha256", "tissue_sha256")
"""What run.json has among the options and is none."""


class RunValues(BaseModel):
    """What of a run.json is needed; commands write more."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    task: str
    finished: bool = True
    inputs: list[str] = Field(default_factory=list)
    given: list[str] | None = None
    inputs_sha256: dict[str, str] = Field(default_factory=dict)
    model: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    option_files: dict[str, str] = Field(default_factory=dict)
    ran_by: str | None = None
    made_by: dict[str, Any] = Field(default_factory=dict)
    failures: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class RunRecord:
    """A run.json.

    Parameters
    ----------
    file
        Its path.
    values
        What it holds.
    """

    file: Path
    values: RunValues

    @property
    def folder(self) -> Path:
        """The folder it lies in, with the results of that run."""
        return self.file.parent

    @property
    def task(self) -> str:
        """The command that wrote it."""
        return self.values.task

    @property
    def inputs(self) -> list[str]:
        """The inputs' absolute paths; where they were found by patterns, these."""
        return self.values.given or self.values.inputs

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of what was read, by absolute paths; none where an earlier version wrote it."""
        return self.values.inputs_sha256

    def options(self, kind: type[Options]) -> Options:
        """The options, of a dataclass `kind`, those that name files with absolute paths.

        Raises
        ------
        UsageError
            When there is an option that this version does not know, or a value that it cannot have.
        """
        given = {key: value for key, value in self.values.options.items() if key not in ONLY_TOLD}
        unknown = next((key for key in given if key not in getattr(kind, "__dataclass_fields__", {})), None)
        if unknown is not None:
            raise self.wrong(f"has an option '{unknown}', which this version of cytally does not know")
        try:
            return TypeAdapter(kind).validate_python(given | self.values.option_files)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise self.wrong(f"has an option that cannot be taken again ({name}: {first['msg']})") from error

    def wrong(self, message: str) -> UsageError:
        """The error of a file that cannot be repeated."""
        return UsageError(
            message, file=self.file, cure="use the version of cytally that wrote it, and do not change it"
        )


def read_record(path: Path) -> RunRecord:
    """Read a run.json, or that of an output folder.

    Raises
    ------
    UsageError
        When it is missing, no run.json, or of a run that was not finished.
    """
    file = path / RUN if path.is_dir() else path
    if not file.is_file():
        raise UsageError("there is no such file", file=file, cure="give the run.json that a command wrote")
    cure = "give the run.json that a command wrote"
    try:
        values = RunValues.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise UsageError("is cut short, or no run.json", file=file, cure=cure) from error
    waiting = values.task == "growth" and values.failures  # for its frames to be mended
    if not values.finished and not waiting:
        raise UsageError("tells of a run that was not finished", file=file, cure="finish it with --resume first")
    return RunRecord(file, values)


def check_inputs(record: RunRecord) -> Iterator[str]:
    """Refuse to repeat a run that read other files than there are now; tell what cannot be known.

    Yields
    ------
    str
        Sentences for the user.

    Raises
    ------
    UsageError
        Naming the first file that is gone, or has changed.
    """
    named = [*record.values.inputs, *record.values.option_files.values()]
    for path in dict.fromkeys([*named, *record.digests]):
        if not Path(path).exists():
            raise UsageError(
                "is gone, and the run read it", file=path, cure=f"put it back where {record.file} says it lay"
            )
    before = record.digests
    now = digests(map(Path, before))
    for path, digest in before.items():
        if now.get(path) != digest:
            raise UsageError(
                "is not what it was when the run read it",
                file=path,
                cure="put the file of that time back, or make a new run of what is there now",
            )
    if not before:
        yield f"{record.file} has no digests of its inputs (an earlier version wrote it): they may have changed since."
