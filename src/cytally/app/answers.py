"""What the server answers, as the page and /api/openapi.json know it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Id = Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
ImageState = Literal["new", "waiting", "counting", "counted", "failed"]
JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
JobKind = Literal["count", "improve", "suggest"]


class Answer(BaseModel):
    """Every answer is complete: what is unknown is null."""

    model_config = ConfigDict(extra="forbid")


class ModelAnswer(Answer):
    """A model that can count here."""

    id: str = Field(description="What jobs and projects call it: a bundled name, or an identifier.")
    name: str
    description: str
    method: str
    bundled: bool
    calibrated: bool = Field(description="Whether its counts come with an interval.")
    project: str | None = Field(description="The project that it was improved for.")
    created: str | None


class About(Answer):
    """What this server is."""

    version: str
    workspace: str
    models: list[ModelAnswer]
    upload_limit_bytes: int
    cores: int


class ProjectAnswer(Answer):
    """A project, and how far it is."""

    id: Id
    name: str
    created: str
    images: int
    counted: int
    reviewed: int
    model: str = Field(description="Identifier of the model that it counts with unless told otherwise.")


class FlagAnswer(Answer):
    """What is unusual about an image."""

    word: str
    sentence: str


class ImageAnswer(Answer):
    """An image: one plane of a file."""

    id: Id
    name: str
    width: int
    height: int
    channels: list[str]
    pixel_size: float | None = Field(description="Micrometres per pixel.")
    state: ImageState
    error: str | None
    count: float | None
    lower: float | None
    upper: float | None
    flags: list[FlagAnswer]
    model: str | None
    corrected: int | None = Field(description="Number of points after correction.")
    reviewed: bool


class Images(Answer):
    """Some of a project's images."""

    total: int
    revision: int = Field(description="Rises with every change of the project.")
    items: list[ImageAnswer]


class Refused(Answer):
    """A file that was not taken in."""

    name: str
    error: str
    cure: str


class Added(Answer):
    """What came of files that were sent or linked."""

    added: list[ImageAnswer]
    refused: list[Refused]


class LevelAnswer(Answer):
    """One resolution."""

    width: int
    height: int


class RangeAnswer(Answer):
    """The brightness of a channel: what is shown from black to white at first, and what there is."""

    channel: int
    low: float
    high: float
    least: float
    most: float


class ImageDetail(ImageAnswer):
    """All about one image."""

    tile_size: int
    levels: list[LevelAnswer] = Field(description="The smallest first.")
    ranges: list[RangeAnswer]
    overlays: list[Literal["density", "outlines"]]
    depth_note: str
    counted_channel: int | None = Field(description="Of `channels`; null: not counted, or not in one of several.")


class PointsAnswer(Answer):
    """The cells of an image."""

    model: list[tuple[float, float, float]] = Field(description="y, x, score")
    corrected: list[tuple[float, float]] | None
    reviewed: bool
    revision: int


class SavedPoints(Answer):
    """What was saved."""

    revision: int
    corrected: int | None


class CurvePoint(Answer):
    """Where a training stood."""

    step: int
    loss: float | None
    validation: float | None


class WaitsFor(Answer):
    """The job that one waits for: all projects share one queue."""

    kind: JobKind
    project: Id
    name: str = Field(description="Name of that project.")


class JobAnswer(Answer):
    """Work that takes a while."""

    id: Id
    project: Id
    kind: JobKind
    state: JobState
    done: float
    total: float
    seconds_left: float | None
    message: str
    created: str
    finished: str | None
    curves: list[CurvePoint]
    result: dict[str, Any] | None
    minutes: float | None = Field(description="How long a training was asked to take.")
    waits_for: WaitsFor | None = Field(description="The job just before it in the queue, which is being done at first.")


class Suggestion(Answer):
    """An image, or a part of one, that is worth labelling."""

    image: str
    name: str
    region: tuple[float, float, float, float] | None = Field(description="y, x, height, width")
    gain: float
    why: str


class Suggestions(Answer):
    """What to label next, the most worthwhile first."""

    created: str | None
    items: list[Suggestion]


class Exported(Answer):
    """A data folder that was written."""

    folder: str
    images: int
    points: int
    missing: list[str] = Field(description="Reviewed images that were left out, as their files are gone.")
