"""Counting from few labels, with drawn cells beside the real ones: the Twin-VAE (Stallmann et al. 2020).

Two variational autoencoders, one for natural and one for drawn pictures, share what lies around their bottleneck.
Drawn pictures come with their counts, and natural ones mostly without: since both must pass through the same latent
space, a count that is learnt from the drawn ones can be read from the natural ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from cytally.methods.method import MethodConfig
from cytally.methods.parts import Parts
from cytally.methods.picture_method import Moment, PictureConfig, PictureMethod, Pictures, count_error
from cytally.networks.twin_vae import SIDE, DrawnSide, Regressor, TwinVAE

Width = Annotated[int, Field(ge=1)]


class TwinVAEConfig(PictureConfig):
    """Settings of the Twin-VAE. The defaults are the paper's; those of the released program are named."""

    regressor: Regressor = Field(
        "latent",
        description="What the count is read from: the `latent` vector (released program) or the output of the shared "
        "`decoder` layer (paper's text).",
    )
    channels: tuple[Width, Width, Width, Width] = Field(
        (32, 64, 128, 256), description="Filters of the four layers of an encoder. Paper: 32, 64, 128, 256."
    )
    hidden: Width = Field(512, description="Width of the layers on both sides of the bottleneck. Paper: 512.")
    latent: Width = Field(256, description="Width of the bottleneck. Paper: 256.")
    dropout: float = Field(
        0.1, ge=0, lt=1, description="Share of values left out in encoders and linear layers. Paper: 0.1."
    )
    reconstruction: Literal["mse", "bce"] = Field(
        "mse",
        description="Reconstruction loss: mean squared error (paper, phase contrast) or `bce`, binary cross entropy "
        "(paper, bright field).",
    )
    reconstruction_weight: float = Field(100.0, ge=0, description="C_Rec, weight of the reconstruction. Paper: 100.")
    decoder: bool = Field(
        True,
        description="Whether pictures are reconstructed at all; without, nothing is decoded in training, which saves "
        "its time, and own decoders learn nothing (transfer paper). A weight of 0 does the same.",
    )
    reconstruction_every: int = Field(
        1,
        ge=1,
        description="Pictures are reconstructed in every so-many-th batch of either kind alone, with so many times the "
        "weight; the other batches, which only count, take half the time. Ours; paper: 1.",
    )
    reconstruction_decay: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share by which the reconstruction's weight falls per epoch. Paper: 3e-5 for bright field.",
    )
    count_weight: float = Field(3.0, ge=0, description="C_Reg, weight of the squared error of counts. Paper: 3.")
    divergence_weight: float = Field(
        2.0,
        ge=0,
        description="C_KL, weight of the Kullback-Leibler divergence, summed over batch and latent vector and divided "
        "by batch × 128². Paper: 2.",
    )
    cross_weight: float = Field(
        0.0,
        ge=0,
        description="Weight, beside C_Reg, of the squared error of drawn pictures' counts when they are seen "
        "through the natural encoder, which then learns to count from every drawn picture, not from the labelled "
        "natural ones alone. Ours; paper: 0.",
    )
    regressor_delay: int = Field(
        100, ge=0, description="Epochs before counts take part in the loss. Paper: 100. Released program: 0."
    )
    regressor_latest: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of a limited run after which counts take part in any case, so that a short run counts at "
        "all. Ours; 1 leaves it to `regressor_delay`.",
    )

    @property
    def decodes(self) -> bool:
        """Whether training decodes anything."""
        return self.decoder and self.reconstruction_weight > 0


class TwinVAEMethod(PictureMethod):
    """The Twin-VAE as a method.

    References
    ----------
    Stallmann et al. 2020: the network (figure 3), the loss C_Rec·Rec + C_Reg·Reg + C_KL·KL, its weights (supplement).
    Kingma & Welling 2014, appendix B: the divergence in closed form.
    """

    name: ClassVar[str] = "twin-vae"
    Config: ClassVar[type[MethodConfig]] = TwinVAEConfig
    learns_from_counts: ClassVar[bool] = True
    learns_from_unlabelled: ClassVar[bool] = True
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "input": {"normalisation": "range"},
        "drawn": {"preset": "cho-phase-contrast", "ratio": 1.0},
        "augmentation": {"rotation": 5.0, "scale": (128 / 115, 128 / 115), "noise": 0.0025, "blur": None},
        "training": {
            "batch_size": 128,
            "learning_rate": 1.3e-4,
            "weight_decay": 1e-5,
            "keep_most_accurate": True,
        },
    }
    transfer_defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "drawn": {"ratio": 2.0},
        "options": {"regressor_delay": 0},
    }
    config: TwinVAEConfig
    side = SIDE

    def network(self) -> nn.Module:
        """Build the Twin-VAE, untrained."""
        config = self.config
        return TwinVAE(
            self.in_channels, config.channels, config.hidden, config.latent, config.regressor, dropout=config.dropout
        )

    def parts(self, network: nn.Module) -> Parts:
        """The shared layers with the regressor, and what each kind of pictures has of its own.

        The stages are those of the released program of Kenneweg, Stallmann & Hammer 2022, which thaws layer by layer
        from the image inwards and the first layers with the rest at the end.
        """
        assert isinstance(network, TwinVAE)
        outer = tuple(f"{kind}_{part}" for part in ("encoder", "decoder") for kind in ("natural", "drawn"))
        encoders, decoders = outer[:2], outer[2:]

        def layers(encoding: int, *decoding: int) -> tuple[str, ...]:
            return tuple(f"{part}.{encoding}" for part in encoders) + tuple(
                f"{part}.{layer}" for part in decoders for layer in decoding
            )

        core = ("shared_encoder", "mean", "log_variance", "expand", "shared_decoder", "regressor")
        stages = (
            ("regressor", ("regressor", *layers(3, 9, 10))),
            ("shared", ("shared_encoder", "shared_decoder", *layers(6, 6, 7))),
            ("inner", layers(9, 0, 1, 3, 4)),
            ("rest", core + outer),
        )
        return Parts(core, outer, stages)

    def untaught(self, *, drawn: bool) -> tuple[str, ...]:
        """Decoders where nothing is decoded, and the drawn side where nothing is drawn."""
        silent = () if self.config.decodes else ("natural_decoder", "drawn_decoder")
        if not self.config.decodes and self.config.regressor == "latent":
            silent = (*silent, "expand", "shared_decoder")
        return silent if drawn else (*silent, "drawn_encoder", "drawn_decoder")

    def side_of(self, network: nn.Module, *, drawn: bool) -> nn.Module:
        """The network, which counts natural pictures by itself, or its drawn side."""
        assert isinstance(network, TwinVAE)
        return DrawnSide(network) if drawn else network

    def loss(self, network: nn.Module, pictures: Pictures, moment: Moment) -> Tensor:
        """C_Rec·Rec + C_Reg·Reg + C_KL·KL of pictures of one origin.

        Rec is a mean over pixels, Reg a mean over labelled pictures, KL a sum over the batch and the latent vector
        divided by batch × 128².
        """
        config = self.config
        assert isinstance(network, TwinVAE)
        reconstructs = config.decodes and pictures.number % config.reconstruction_every == 0
        output = network.learn(pictures.images, pictures.drawn, decode=reconstructs)
        mean, log_variance = output.mean, output.log_variance
        divergence = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
        loss = config.divergence_weight * divergence / (len(mean) * SIDE**2)
        if output.pictures is not None:
            decay = (1 - config.reconstruction_decay) ** moment.epoch * config.reconstruction_every
            loss = loss + config.reconstruction_weight * decay * self._reconstruction(output.pictures, pictures.images)
        if moment.epoch >= config.regressor_delay or moment.done >= config.regressor_latest:
            loss = loss + config.count_weight * count_error(output.counts, pictures)
            if config.cross_weight and pictures.drawn:
                crossed = count_error(network.learn(pictures.images, drawn=False, decode=False).counts, pictures)
                loss = loss + config.count_weight * config.cross_weight * crossed
        return loss

    def _reconstruction(self, found: Tensor, wanted: Tensor) -> Tensor:
        """Mean over pixels of the squared difference, or of the binary cross entropy."""
        wanted = wanted.clamp(0, 1)
        if self.config.reconstruction == "mse":
            return functional.mse_loss(found, wanted)
        with torch.autocast(wanted.device.type, enabled=False):
            return functional.binary_cross_entropy(found.float(), wanted)
