"""Back ends judged by the slide that they shall count, where the sample images spoke against the fastest."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch

from cytally.inference.torch_backend import fast_precision, find_device
from cytally.models.model import Model
from cytally.models.trial import trial
from cytally.slides.density_map import DensityMap
from cytally.slides.look import Look
from cytally.slides.plan import Plan, best_side
from cytally.slides.region_count import SlideTask, show, where_to_count
from cytally.slides.slide import Slide
from cytally.slides.tissue import Tissue
from cytally.tasks.count_options import CountOptions

logger = logging.getLogger(__name__)

WINDOWS, SIDE = 4, 384
"""So many windows of the slide, of about this many pixels of the network a side."""


def use_fastest(model: Model, slide: Slide, look: Look, tissue: Tissue | None, options: CountOptions) -> None:
    """Try the fastest number type once more, by windows of the slide, where the sample images spoke against it.

    Those show nuclei; what a model for other cells makes of them may be anything, and so differ by rounding alone.

    Parameters
    ----------
    model
        What counts; it changes its back end.
    slide, look, tissue
        The slide, what the network is shown of it, and where.
    options
        Which back end was asked for, and on which device.
    """
    device = find_device(options.device)
    wanted = model.card.configuration.counting.precision == "auto" and fast_precision(device) != torch.float32
    if options.backend == "torch" or device.type != "cpu" or not wanted or model.run.dtype != torch.float32:
        return
    before, stride = model.run, int(model.network.stride)  # type: ignore[arg-type]  # only such networks come here
    halo = int(model.network.halo)  # type: ignore[arg-type]
    shape = slide.levels[0].shape
    plan = Plan(shape, look.inner, best_side(shape, look.factor, SIDE, halo), halo, stride)
    task = SlideTask(slide, plan, look, DensityMap(Path(), plan), tissue)
    regions = [region for region in plan.regions if where_to_count(task, region).any()]
    if not regions:
        return
    places = np.unique(np.linspace(0, len(regions) - 1, 2 * WINDOWS + 1).astype(int)[1::2])
    windows = [show(task, regions[place]).pixels for place in places.tolist()]
    model.use(options.backend, device, sample=trial(model.method, [each for each in windows if each is not None]))
    if model.run.dtype == torch.float32:
        model.run = before
    else:
        logger.info("%s: windows of the slide allow %s by %s", slide.name, model.run.dtype, model.run.name)
