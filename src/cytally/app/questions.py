"""What the page may send."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from cytally.app.answers import Id

MOST_POINTS = 400_000
"""About what a request may hold: see `security.LARGEST_BODY`."""

Coordinate = Annotated[float, Field(allow_inf_nan=False, ge=-0.5, le=1e7)]
ModelId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ProjectName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class Question(BaseModel):
    """Every request says nothing that is not known here."""

    model_config = ConfigDict(extra="forbid")


class NewProject(Question):
    """A project to make."""

    name: ProjectName


class ProjectChange(Question):
    """What shall be otherwise about a project."""

    name: ProjectName | None = None
    model: ModelId | None = None


class NewLink(Question):
    """Images that stay where they are."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=4000)] = Field(
        description="A file or folder inside the workspace or a folder that --allow names."
    )


class NewPoints(Question):
    """All cells of an image, as corrected."""

    points: Annotated[list[tuple[Coordinate, Coordinate]], Field(max_length=MOST_POINTS)] | None = Field(
        description="y, x; null: no correction, the model's points are as it found them."
    )
    reviewed: bool
    revision: Annotated[int, Field(ge=0, le=2**53)] = Field(description="The revision that was corrected.")


class CountJob(Question):
    """Count images."""

    kind: Literal["count"]
    images: Annotated[list[Id], Field(min_length=1, max_length=100_000)] | None = Field(
        None, description="null: all of the project."
    )
    model: ModelId | None = None


class ImproveJob(Question):
    """Train on from a model, on the reviewed images."""

    kind: Literal["improve"]
    minutes: Annotated[float, Field(gt=0, le=7 * 24 * 60, allow_inf_nan=False)]
    model: ModelId | None = None


class SuggestJob(Question):
    """Find out what to label next."""

    kind: Literal["suggest"]
    model: ModelId | None = None


NewJob = Annotated[CountJob | ImproveJob | SuggestJob, Field(discriminator="kind")]
