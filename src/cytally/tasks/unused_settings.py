"""Settings of a training that its method has no use for: better told than silently without effect."""

from __future__ import annotations

from cytally.methods.map_method import MapMethod
from cytally.methods.picture_method import PictureMethod
from cytally.methods.registry import find_method
from cytally.training.configuration import Configuration, flat_settings, make_configuration

PICTURES_ONLY = ("training.labelled_share",)
MAPS_ONLY = ("training.crop", "training.context", "training.judge_by", "augmentation.mosaic")
LABELS_ONLY = ("augmentation.shift", "augmentation.shear", "augmentation.mix")
DRAWN_ONLY = (
    "drawn.preset",
    "drawn.settings",
    "drawn.images",
    "drawn.counts",
    "drawn.background",
    "options.cross_weight",
)


def _of_other_choices(configuration: Configuration) -> set[str]:
    """Settings that belong to an optimiser, a schedule or a loss that is not chosen."""
    training, without = configuration.training, set[str]()
    if training.optimiser != "sgd":
        without.add("training.momentum")
    if training.schedule != "decay":
        without.add("training.decay_rate")
    if training.schedule == "hyperrule":
        without |= {"training.warmup_steps", "training.warmup_share"}
    if getattr(configuration.options, "decodes", True) is False:
        kinds = ("reconstruction", "reconstruction_decay")  # how often matters for the time that is told as saved
        without |= {f"options.{kind}" for kind in kinds}
    return without


def unused_settings(configuration: Configuration) -> list[str]:
    """One sentence on the settings that differ from the method's defaults and change nothing, or none.

    Parameters
    ----------
    configuration
        Of a training.

    Examples
    --------
    >>> unused_settings(make_configuration({"method": "twin-vae", "training": {"crop": 64}}))
    ['Without effect on the method twin-vae as it is set here: training.crop.']
    """
    method = find_method(configuration.method)
    without = set(PICTURES_ONLY) if issubclass(method, MapMethod) else set()
    without |= set(MAPS_ONLY) if issubclass(method, PictureMethod) else set()
    without |= {"training.context"} if method.needs_labels else set(LABELS_ONLY)
    without |= set(DRAWN_ONLY) if configuration.drawn.ratio == 0 else set()
    without |= _of_other_choices(configuration)
    plain = make_configuration({"method": configuration.method})
    usual, given = (dict(flat_settings(each.model_dump(mode="json"))) for each in (plain, configuration))
    changed = [name for name, value in given.items() if usual.get(name) != value]
    if not method.has_weights:
        trained = [name for name in given if name.startswith(("training.", "augmentation."))]
        without |= {*trained} - {"training.validation"}
    names = [name for name in changed if name in without or name.rpartition(".")[0] in without]
    if not names:
        return []
    return [f"Without effect on the method {configuration.method} as it is set here: {', '.join(names)}."]
