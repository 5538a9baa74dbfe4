"""Routes: the images of a project, how they look, and the cells in them."""

from __future__ import annotations

import json
import sqlite3
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import FiniteFloat

from cytally.app import intake, points, records
from cytally.app.answers import Added, ImageDetail, Images, LevelAnswer, PointsAnswer, RangeAnswer, SavedPoints
from cytally.app.asking import CONFLICT, REFUSALS, At, Image, Project
from cytally.app.confine import confined
from cytally.app.desk import Desk
from cytally.app.layers import KINDS, Layer, draw_layer, layers_of
from cytally.app.picture import TILE, Picture
from cytally.app.questions import NewLink, NewPoints
from cytally.app.refusal import Refusal, not_found
from cytally.app.removal import remove_image
from cytally.app.security import announced
from cytally.app.shades import Range, coloured, draw_thumbnail, encode, find_ranges, shade
from cytally.app.uploads import Receiver
from cytally.tasks.plane_files import find_file

router = APIRouter(prefix="/api/projects/{project}", responses=REFUSALS, tags=["images"])

PNG: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
}
UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                }
            }
        },
    }
}
KEEP = {"Cache-Control": "private, max-age=86400"}
Number = Annotated[int, Query(ge=0, le=2**40)]
Place = Annotated[int, Query(ge=0, le=10**6)]


@router.get("/images")
def list_images(
    desk: At,
    project: Project,
    offset: Number = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    sort: records.Sort = "added",
    order: Literal["asc", "desc"] = "asc",
    filter: Annotated[str, Query(max_length=200)] = "",
    only: records.Only | None = None,
) -> Images:
    """Some of the images of a project."""
    return records.list_images(
        desk.store, project, offset=offset, limit=limit, sort=sort, order=order, text=filter, only=only
    )


@router.post("/images", openapi_extra=UPLOAD)
async def add_images(desk: At, project: Project, request: Request) -> Added:
    """Send images. Each is taken in whole, or refused with a reason."""
    receiver = Receiver(desk.workspace.uploads, desk.upload_limit)
    length = announced(request.headers.get("content-length", "0"))
    sent = await receiver.receive(request.headers.get("content-type", ""), request.stream(), length)
    return await run_in_threadpool(intake.take_in, desk, project, sent)


@router.post("/links")
def add_links(desk: At, project: Project, new: NewLink) -> Added:
    """Add images that stay where they are."""
    return intake.link(desk, project, new.path)


@router.get("/images/{image}")
def show_image(desk: At, project: Project, image: Image) -> ImageDetail:
    """All about one image."""
    row = records.find_image(desk.store, project, image)
    with desk.pictures.heavy:
        picture = _picture(desk, row)
        ranges = _ranges(desk, row, picture)
    depth = row["depth"]
    return ImageDetail(
        **records.image_answer(row).model_dump(),
        tile_size=TILE,
        levels=[LevelAnswer(width=width, height=height) for height, width in picture.levels],
        ranges=[RangeAnswer(**each.as_dict()) for each in ranges],
        overlays=layers_of(points.result_folder(desk.workspace, row), row["stem"]),
        counted_channel=_counted_channel(row),
        depth_note=f"{depth} slices, the brightest of each pixel is shown and counted." if depth > 1 else "",
    )


@router.delete("/images/{image}", status_code=204, responses=CONFLICT)
def delete_image(desk: At, project: Project, image: Image) -> None:
    """Take an image out of the project, with its count and corrections. A linked file stays where it is."""
    remove_image(desk, project, image)


@router.get("/images/{image}/thumbnail", **PNG)
def show_thumbnail(desk: At, project: Project, image: Image) -> Response:
    """The image in at most 256 pixels."""
    row = records.find_image(desk.store, project, image)
    path = desk.thumbnail(image)
    if not path.is_file():
        with desk.pictures.heavy:
            picture = _picture(desk, row)
            desk.keep_thumbnail(image, draw_thumbnail(picture, _ranges(desk, row, picture)))
    return Response(path.read_bytes(), media_type="image/png", headers=KEEP)


@router.get("/images/{image}/tiles/{level}/{column}_{row}", **PNG)
def show_tile(
    desk: At,
    project: Project,
    image: Image,
    level: int,
    column: int,
    row: int,
    channel: Annotated[int, Query(ge=-1, le=10_000)] = -1,
    low: FiniteFloat | None = None,
    high: FiniteFloat | None = None,
) -> Response:
    """One tile of a channel, or (-1) of the picture in its colours."""
    found = records.find_image(desk.store, project, image)
    names = json.loads(found["channels"])
    if channel >= len(names):
        raise not_found("channel")
    with desk.pictures.heavy:
        picture = _picture(desk, found)
        chosen = range(len(names)) if channel < 0 else [channel]
        pixels = picture.tile(level, column, row, chosen)
        if pixels is None:
            raise not_found("tile")
        ranges = _ranges(desk, found, picture)
        if channel < 0:
            drawn = coloured(pixels, names, ranges)
        else:
            usual = ranges[channel]
            drawn = shade(pixels[0], usual.low if low is None else low, usual.high if high is None else high)
        return Response(encode(drawn), media_type="image/png", headers=KEEP)


@router.get("/images/{image}/overlays/{layer}/{level}/{column}_{row}", **PNG)
def show_overlay(desk: At, project: Project, image: Image, layer: Layer, level: int, column: int, row: int) -> Response:
    """One tile of what lies over an image, with opacity."""
    found = records.find_image(desk.store, project, image)
    folder = points.result_folder(desk.workspace, found)
    file = None if folder is None else find_file(folder, KINDS[layer], found["stem"])
    if file is None:
        raise Refusal(404, f"the image has no {layer}", "count it with a model that gives them")
    with desk.pictures.heavy:
        drawn = draw_layer(desk.pictures, file, layer, (level, column, row), (found["height"], found["width"]))
    if drawn is None:
        raise not_found("tile")
    return Response(encode(drawn), media_type="image/png")


@router.get("/images/{image}/points")
def show_points(desk: At, project: Project, image: Image) -> PointsAnswer:
    """The cells that a model found, and those after correction."""
    return points.read_points(desk.workspace, project, image)


@router.put("/images/{image}/points", responses=CONFLICT)
def save_points(desk: At, project: Project, image: Image, new: NewPoints) -> SavedPoints:
    """Save corrected points. 409, with what is there, when another tab saved meanwhile."""
    return points.save_points(desk.workspace, project, image, new)


def _counted_channel(row: sqlite3.Row) -> int | None:
    names = json.loads(row["channels"])
    told = row["counted_in"]
    if told is None:
        return None
    if told in names:
        return int(names.index(told))
    return int(told) if told.isdecimal() and int(told) < len(names) else None  # channels without names


def _picture(desk: Desk, row: sqlite3.Row) -> Picture:
    path = confined(row["path"], desk.workspace.allowed)
    return desk.pictures.get(row["id"], path, row["place"])


def _ranges(desk: Desk, row: sqlite3.Row, picture: Picture) -> list[Range]:
    if row["ranges"] is not None:
        return [Range(**each) for each in json.loads(row["ranges"])]

    def find() -> list[Range]:
        found = find_ranges(picture)
        told = json.dumps([each.as_dict() for each in found])
        desk.store.change("UPDATE images SET ranges = ? WHERE id = ?", told, row["id"])
        return found

    ranges: list[Range] = desk.pictures.others.get(("ranges", row["id"]), find)
    return ranges
