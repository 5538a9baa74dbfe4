"""Exporting a model for other programs that run networks: a model folder with the network beside the weights."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cytally.errors import ModelError
from cytally.files import write_text
from cytally.images.sources import find_images
from cytally.inference.agreement import Agreement
from cytally.models.exported import EXPORT, NETWORKS, ExportCard, Target
from cytally.models.model import Model
from cytally.models.store import load, save
from cytally.models.trial import sample_trial
from cytally.tasks.export_network import Export, card_of, exported_int8, exported_plain
from cytally.tasks.export_pictures import calibration_pictures
from cytally.tasks.output import OutputKind, check_output, open_output, waiting_room, writing

EXPORTED = OutputKind(
    "model folder",
    "models export",
    frozenset({"model.json", "weights.safetensors", EXPORT, *(name for names in NETWORKS.values() for name in names)}),
    marks=frozenset({EXPORT}),
    resumes=False,
)
FULL = "make room, and export again with --overwrite"


@dataclass(frozen=True)
class ExportSummary:
    """What an export wrote: the model folder, the network's files in it, and the contents of export.json.

    `agreement` is that with torch in float32, on the sample images; of 8 bits, on the images that were held back.
    """

    out: Path
    files: tuple[Path, ...]
    card: ExportCard
    agreement: Agreement


def export(
    model: str | Path | Model,
    to: Target,
    out: str | Path,
    *,
    int8: Sequence[str | Path] = (),
    overwrite: bool = False,
) -> ExportSummary:
    """Write a model folder with the network as another program runs it, checked against torch.

    Parameters
    ----------
    model
        A model, a model folder, or the name of a bundled one.
    to
        Which program: OpenVINO or ONNX Runtime, or others that read their files.
    out
        Output folder: a model folder that also holds the network and export.json.
    int8
        Files, folders and glob patterns of images: convolutions are then done in whole numbers of 8 bits, whose scales
        are worked out from these images. A third of them is held back, on which the loss is measured.
    overwrite
        Replace what an earlier export wrote.

    Raises
    ------
    UsageError
        When the folder or the images are not what they should be, or a package is missing. Nothing is written then.
    ModelError
        When the network cannot be exported, or does not give what torch gives: counts within 0.5 %, masks with a Dice
        of 0.995. The loss of 8 bits is no such error, it is told. Nothing is written then.
    """
    folder = Path(out)
    reads = [Path(model)] if isinstance(model, str | Path) else []
    check_output(folder, EXPORTED, overwrite=overwrite, reads=(path for each in reads for path in each.glob("*")))
    images = find_images(int8) if int8 else []
    trained = model if isinstance(model, Model) else load(model)
    if not trained.method.has_weights:
        raise ModelError(f"the method '{trained.card.method}' has no network to export", cure="export another model")
    with waiting_room(folder, "export", FULL) as room:
        made = _exported(trained, to, images, room)
        open_output(folder, EXPORTED, overwrite=overwrite)
        card = card_of(trained, to, made, room)
        with writing(folder, cure=FULL):
            save(trained, folder)
            for name in NETWORKS[to]:
                shutil.move(room / name, folder / name)
            write_text(folder / EXPORT, card.model_dump_json(indent=2) + "\n")
    return ExportSummary(folder, tuple(folder / name for name in NETWORKS[to]), card, made.agreement)


def _exported(model: Model, to: Target, images: Sequence[Path], room: Path) -> Export:
    """Write the network into `room`, and compare."""
    samples = sample_trial(model.method, model.card.configuration.input, model.card.input_channels)
    if images:
        return exported_int8(model, to, samples, calibration_pictures(model, images), room)
    made = exported_plain(model, to, samples, room)
    if not made.agreement.holds:
        raise ModelError(
            f"the exported network does not give what torch gives: {made.agreement}", cure="count by --backend torch"
        )
    return made
