"""How a network is trained, whatever the method."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class TrainingConfig(BaseModel):
    """Settings of the training loop. The defaults are those of the density paper (Lazard et al. 2022)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    batch_size: int = Field(16, ge=1, description="Crops per step. Paper: 16.")
    crop: int | None = Field(
        256,
        ge=16,
        description="Side of the square crops in pixels of the network's input; smaller images are filled with zeros. "
        "`null` takes whole images. Paper: 256, the whole of its downscaled images.",
    )
    context: int = Field(
        0,
        ge=0,
        description="Pixels along the edges that cut a crop out of its image that are left out of the loss, because "
        "the surroundings are cut off; the image's own edges count in full. Paper: 0, whole images.",
    )
    crops_per_image: int = Field(1, ge=1, description="Crops drawn from each image per epoch. Paper: 1.")
    labelled_share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Share of labelled pictures among the natural ones of an epoch, where some are unlabelled and the "
        "method learns from those too: the few are shown more often. `null`: as many as there are. Paper: as many as "
        "there are.",
    )
    optimiser: Literal["adam", "radam", "sgd"] = Field(
        "adam",
        description="`adam`; `radam`, rectified Adam (Liu et al. 2020), which warms up by itself; or `sgd`, stochastic "
        "gradient descent with `momentum`. Paper: adam.",
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, description="Share of the last step that `sgd` goes on with; the others have their own."
    )
    learning_rate: float = Field(2e-4, gt=0, description="The optimiser's learning rate. Paper: 2e-4.")
    learning_rates: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default_factory=dict,
        description="Factors by which named parts of the network have another learning rate, as "
        "`{natural_encoder: 0.1}`; the name of a part within a part wins over that of the whole. Paper: none.",
    )
    weight_decay: float = Field(
        0.0, ge=0, description="Share of each weight that is added to its gradient (L2 penalty). Paper: 0."
    )
    schedule: Literal["constant", "cosine", "decay", "hyperrule", "plateau"] = Field(
        "constant",
        description="`cosine` lets the learning rate fall to a hundredth over the run, whose end is the nearest of "
        "`steps`, `epochs` and `--minutes`. `decay` multiplies it by `decay_rate` in every epoch after the warm-up "
        "(released program of transfer). `hyperrule` warms up, lets it fall to a tenth three times, and ends, all by "
        "the number of training images (BiT). `plateau` multiplies it by `plateau_factor` whenever the validation "
        "error has not fallen for `plateau_epochs` (EfficientCellSeg). Paper: constant.",
    )
    decay_rate: float = Field(
        0.999, gt=0, le=1, description="Factor per epoch of `schedule: decay`. Released program of transfer: 0.999."
    )
    plateau_factor: float = Field(
        0.5, gt=0, lt=1, description="Factor of `schedule: plateau`. Ours; the paper of EfficientCellSeg names none."
    )
    plateau_epochs: int = Field(10, ge=1, description="Epochs without a better validation error that it waits. Ours.")
    warmup_steps: int = Field(0, ge=0, description="Steps over which the learning rate rises from zero. Paper: 0.")
    warmup_share: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of the run (see `schedule`) over which the learning rate rises from zero; with "
        "`warmup_steps`, whichever takes longer. Paper: 0. Released program of transfer: 0.1.",
    )
    clip: float | None = Field(
        None, gt=0, description="Largest norm of the gradient; larger ones are scaled down. Paper: not used."
    )
    steps: int | None = Field(None, ge=1, description="Stop after so many steps. Paper: no limit.")
    epochs: int | None = Field(None, ge=1, description="Stop after so many passes over the images. Paper: no limit.")
    patience: int = Field(
        2500, ge=1, description="Stop after so many epochs without a better validation error. Paper: 2,500."
    )
    validation: float | int = Field(
        0.2, gt=0, description="Share of the images (below 1) or number of images (from 1) kept for validation."
    )
    validate_every: int = Field(1, ge=1, description="Epochs between two validations.")
    judge_by: Literal["count", "loss"] = Field(
        "count",
        description="What the best validation error is: the mean absolute error of the `count` (paper), or the "
        "method's own `loss` on whole validation images, for methods that give maps.",
    )
    keep: Literal["best", "last"] = Field(
        "best",
        description="Which weights a run that reaches its end keeps: those of the `best` validation error, or the "
        "`last`, which a falling learning rate has settled, where few validation images would choose a lucky moment. A "
        "run that is stopped, or ends by `patience`, keeps the best. Paper: best.",
    )
    keep_most_accurate: bool = Field(
        False,
        description="Keep beside it, in the model folder's `most-accurate`, a second model: the weights by which most "
        "validation images had exactly the right count (of those the ones with the least error). Paper: no.",
    )
    averaging: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Decay per step of the running average of the weights that is validated and kept; 0 keeps the "
        "weights themselves. Paper: 0.",
    )
    freeze_statistics: bool = Field(
        False,
        description="Batch norm keeps the running statistics it begins with, in training as in counting. For a second "
        "phase on images so unlike each other that no batch speaks for all of them. Paper: no.",
    )
    freeze_statistics_after: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Share of the run (see `schedule`) after which training goes on from the averaged weights, and "
        "batch norm keeps their statistics: the network then learns under the statistics that it will count with. "
        "`null`: never. Paper: never.",
    )
    teacher: str | None = Field(
        None,
        description="A model folder, or the name of a bundled model, whose maps are learnt beside the annotation, as "
        "a small network learns from a big one (distillation; Hinton et al. 2015). It sees each crop as it is shown, "
        "and images without annotation teach then as well. Paper: none.",
    )
    teacher_share: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of the teacher's map in the targets, the annotation's being the rest; of an image without "
        "annotation the teacher's is all there is. Ours.",
    )
    precision: Literal["float32", "bfloat16", "auto"] = Field(
        "float32",
        description="Number type of the convolutions; `auto` takes bfloat16 where the processor has it. "
        "Paper: float32.",
    )

    @model_validator(mode="after")
    def _something_is_learnt(self) -> Self:
        if self.crop is not None and 2 * self.context >= self.crop:
            raise ValueError(f"a context of {self.context} on each side leaves nothing of a crop of {self.crop}")
        return self
