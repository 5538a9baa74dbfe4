"""Taking files into a project: sent ones are moved there, linked ones stay where they are."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cytally.app.answers import Added, Refused
from cytally.app.companions import refuse_spread
from cytally.app.confine import confined
from cytally.app.copies import refuse_copy
from cytally.app.desk import Desk
from cytally.app.entry import Entry, look_into
from cytally.app.names import clean_name, unique_name
from cytally.app.records import add_images, find_image, image_answer
from cytally.app.refusal import Refusal, said
from cytally.app.uploads import Sent
from cytally.errors import CytallyError, ImageError
from cytally.files import flush
from cytally.images.formats import is_zarr, supported_ending
from cytally.images.sources import find_images
from cytally.tasks.failures import failure_line

logger = logging.getLogger(__name__)

LOOKERS = 4
MOST_LINKED = 100_000


def take_in(desk: Desk, project: str, sent: list[Sent]) -> Added:
    """Look into files that were sent, and move those that are images into the project.

    Raises
    ------
    Refusal
        413 where every one of them is too large.
    """
    answer = Added(added=[], refused=[])
    for each in sent:
        name = clean_name(each.name)
        try:
            if each.too_large:
                raise CytallyError(
                    f"is larger than {desk.upload_limit / 1e6:,.0f} MB",
                    file=name,
                    cure="link it from its folder, or start 'cytally app' with a larger --max-upload",
                )
            _enter(desk, project, name, each.path, answer)
        except Exception as error:  # noqa: BLE001 - the other files are taken in
            answer.refused.append(_refused(name, error))
        finally:
            each.path.unlink(missing_ok=True)
    if sent and all(each.too_large for each in sent):
        first = answer.refused[0]
        raise Refusal(413, first.error, first.cure)
    return answer


def _enter(desk: Desk, project: str, name: str, path: Path, answer: Added) -> None:
    supported_ending(name)
    refuse_spread(name)
    named = path.with_name(f"{path.name}{_whole_ending(name)}")  # readers look at endings
    path.replace(named)
    try:
        try:
            with desk.pictures.heavy:
                entries = look_into(named, desk.workspace.allowed[:1])
        except CytallyError as error:
            raise CytallyError(error.message, file=name, cure=error.cure) from error
        flush(named)
        folder = desk.workspace.project(project) / "images"
        folder.mkdir(parents=True, exist_ok=True)
        with desk.naming:
            own = unique_name(name, {each.name.casefold() for each in folder.iterdir()})
            named.replace(folder / own)
            try:
                content = refuse_copy(desk.store, project, folder / own, name)
                ids = add_images(desk.store, project, own, folder / own, entries, content)
            except BaseException:
                (folder / own).unlink(missing_ok=True)
                raise
    finally:
        named.unlink(missing_ok=True)
    _keep(desk, project, ids, entries, answer)


def _whole_ending(name: str) -> str:
    lowered = name.lower()
    return next((name[-len(end) :] for end in (".ome.tif", ".ome.tiff", ".ome.btf") if lowered.endswith(end)), "") or (
        Path(name).suffix
    )


def link(desk: Desk, project: str, given: str) -> Added:
    """Note the images of a file or folder, which stay where they are. One that is linked already is left out.

    Raises
    ------
    Refusal
        When it is not there, lies outside of what may be read, or holds no image.
    """
    place = confined(given, desk.workspace.allowed)
    try:
        paths = find_images([place]) if place.is_dir() else [place]
    except CytallyError as error:
        raise Refusal(400, *said(error)) from error
    if len(paths) > MOST_LINKED:
        raise Refusal(400, f"the folder holds more than {MOST_LINKED:,} images", "link parts of it")
    known = {row["path"] for row in desk.store.rows("SELECT path FROM images WHERE project = ?", project)}
    answer = Added(added=[], refused=[])

    def look(path: Path) -> tuple[Path, list[Entry] | Exception]:
        try:
            real = confined(path, desk.workspace.allowed)
            if not is_zarr(real):
                supported_ending(real)
            if str(real) in known:
                return real, []
            with desk.pictures.heavy:
                return real, look_into(real, desk.workspace.allowed)
        except Exception as error:  # noqa: BLE001 - the other files are looked into
            return path, error

    with ThreadPoolExecutor(LOOKERS) as pool:
        for path, found in pool.map(look, paths):
            if isinstance(found, Exception):
                answer.refused.append(_refused(path.name, found))
            elif not found:
                answer.refused.append(Refused(name=path.name, error=f"{path.name}: is in the project already", cure=""))
            else:
                try:
                    with desk.naming:
                        content = refuse_copy(desk.store, project, path, path.name)
                        ids = add_images(desk.store, project, clean_name(path.name), path, found, content)
                except ImageError as error:
                    answer.refused.append(_refused(path.name, error))
                else:
                    _keep(desk, project, ids, found, answer)
    return answer


def _keep(desk: Desk, project: str, ids: list[str], entries: list[Entry], answer: Added) -> None:
    for image, entry in zip(ids, entries, strict=True):
        if entry.thumbnail is not None:
            desk.keep_thumbnail(image, entry.thumbnail)
        answer.added.append(image_answer(find_image(desk.store, project, image)))


def _refused(name: str, error: Exception) -> Refused:
    if isinstance(error, Refusal):
        return Refused(name=name, error=f"{name}: {error.error}", cure=error.cure)
    if isinstance(error, CytallyError):
        line, cure = said(error)
        if "--axes" in cure:
            cure = "save it as OME-TIFF, which tells its axes; 'cytally count' takes --axes"
        return Refused(name=name, error=line, cure=cure)
    logger.warning("%s", name, exc_info=error)
    line, _, cure = failure_line(error, Path(name)).partition("; ")
    return Refused(name=name, error=line, cure=cure)
