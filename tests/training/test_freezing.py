"""Frozen means frozen: compared byte by byte, over whole runs, for every strategy and both kinds of methods."""

from dataclasses import replace
from fractions import Fraction

import pytest
import torch
from torch import nn

from cytally.errors import ConfigError
from cytally.methods.density import Density, DensityConfig
from cytally.methods.twin_vae import TwinVAEConfig, TwinVAEMethod
from cytally.training import loop
from cytally.training.configuration import make_configuration
from cytally.training.data import TrainingData
from cytally.training.freezing import Freezing, FreezingPlan, Stage, check_parts, plan_freezing
from cytally.training.loop import Trainer
from cytally.training.resume import restore_run
from cytally.training.transfer import TransferConfig

TWIN = {"channels": [2, 2, 2, 2], "hidden": 4, "latent": 4, "dropout": 0.5}
OPTIONS = {"twin-vae": TWIN, "density": {"sigma": 2.0, "channels": [2, 2, 4]}}
HARD = {"weight_decay": 0.1, "averaging": 0.9, "freeze_statistics_after": 0.5, "learning_rate": 1e-2, "clip": None}
"""Everything at once that could change a frozen tensor by a back door."""

CORE = {
    "twin-vae": ("shared_encoder", "mean", "log_variance", "expand", "shared_decoder", "regressor"),
    "density": ("encoders.1", "downs.1", "ups.0", "decoders.0", "bottom"),
}
OUTER = {
    "twin-vae": ("natural_encoder", "drawn_encoder", "natural_decoder", "drawn_decoder"),
    "density": ("encoders.0", "downs.0", "ups.1", "decoders.1", "head"),
}
METHODS = pytest.mark.parametrize("method", ["twin-vae", "density"])


def trainer(draw, method, transfer=None, options=None, ratio=1.0, **training) -> Trainer:
    """Begins with a network whose every statistic is its own."""
    values = {
        "method": method,
        "options": {**OPTIONS[method], **(options or {})},
        "augmentation": {"blur": None},
        "training": {
            "batch_size": 2,
            "crop": 16,
            "steps": 6,
            "validate_every": 9,
            "keep_most_accurate": False,
            **HARD,
            **training,
        },
        "transfer": transfer or {},
    }
    configuration = make_configuration(values)
    shape = (128, 128) if method == "twin-vae" else (24, 24)
    natural = [draw(count, shape=shape) for count in (1, 2, 0)]
    drawn = [replace(draw(count, 9, shape), drawn=True) for count in (1, 2, 3)] if method == "twin-vae" else []
    made = Trainer(
        configuration.build(1),
        TrainingData(natural + drawn, natural[:1], ratio=ratio),
        configuration.training,
        configuration.augmentation,
        seed=configuration.seed,
        transfer=configuration.transfer,
    )
    made.begin_with(source(made.method))
    return made


def source(method) -> nn.Module:
    """A network that is trained as far as anyone can see: no weight is zero, no statistic its first value."""
    torch.manual_seed(5)
    network = method.network()
    for name, value in network.state_dict().items():
        value.add_(7 if name.endswith("num_batches_tracked") else 0.01 * torch.rand_like(value))
    return network


def within(name: str, parts) -> bool:
    """Slow and obvious: one of the parts is the name's own beginning, word by word."""
    words = name.split(".")
    return any(words[: len(part.split("."))] == part.split(".") for part in parts)


def tensors(network: nn.Module) -> dict[str, bytes]:
    return {name: value.numpy().tobytes() for name, value in network.state_dict().items()}


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> set[str]:
    assert one.keys() == other.keys()
    return {name for name in one if one[name] != other[name]}


# Over a whole run


@METHODS
@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("strategy", ["frozen-core", "frozen-outer"])
def test_no_tensor_of_a_frozen_part_changes_over_a_run(draw, method, strategy, keep):
    frozen, free = (CORE, OUTER) if strategy == "frozen-core" else (OUTER, CORE)
    run = trainer(draw, method, {"strategy": strategy}, keep=keep, validate_every=1)
    before = tensors(run.network)
    kept = run.run()
    assert run.state.step == 6 and run.state.frozen, "statistics were frozen on the way, from the averaged network"
    for network in (run.network, run.average.network, kept):
        changed = differing(before, tensors(network))
        assert not {name for name in changed if within(name, frozen[method])}
    changed = differing(before, tensors(run.network))
    for part in free[method]:
        assert any(within(name, [part]) for name in changed), f"{part} learns, or this shows nothing"
    everything = [name for name in before if "running" in name and within(name, free[method])]
    assert everything and set(everything) <= changed, "where nothing is frozen the statistics go on"


@METHODS
@pytest.mark.parametrize(
    "training", [{"optimiser": "sgd", "learning_rate": 1e-4}, {"optimiser": "radam", "learning_rate": 1e-4}], ids=str
)
def test_parts_frozen_by_name_do_not_change_with_any_optimiser(draw, method, training):
    freeze = {"twin-vae": ("natural_encoder.0", "shared_decoder"), "density": ("encoders.0", "bottom.1")}[method]
    run = trainer(draw, method, {"freeze": freeze}, **training)
    before = tensors(run.network)
    run.run()
    changed = differing(before, tensors(run.network))
    assert not {name for name in changed if within(name, freeze)}
    beside = {"twin-vae": ("natural_encoder.3", "shared_encoder"), "density": ("encoders.1", "bottom.0")}[method]
    assert all(any(within(name, [part]) for name in changed) for part in beside)


@METHODS
def test_without_a_strategy_everything_learns(draw, method):
    """Averaging forgets the start, weight decay reaches every weight, each batch renews the statistics."""
    run = trainer(draw, method, {"strategy": "simultaneous"}, steps=8, freeze_statistics_after=None)
    before = tensors(run.network)
    run.run()
    assert differing(before, tensors(run.network)) == set(before)


@METHODS
def test_what_is_frozen_with_the_statistics_alone_is_as_before(draw, method):
    """Batch norm that keeps its statistics by `freeze_statistics`, in parts that learn."""
    run = trainer(draw, method, {"strategy": "frozen-core"}, freeze_statistics=True)
    before = tensors(run.network)
    run.run()
    changed = differing(before, tensors(run.network))
    assert changed and not {name for name in changed if "running" in name or "tracked" in name}


# No dropout, no statistics of the batch


def test_there_is_no_dropout_in_a_frozen_part(draw):
    run = trainer(draw, "twin-vae", {"strategy": "frozen-core"})
    seen = torch.rand(2, 2, 5, 5)
    pictures = torch.rand(2, 1, 128, 128)

    def alike(part, images):
        torch.manual_seed(1)
        first, second = part(images), part(images)
        return torch.equal(first, second)

    run.network.train()
    assert not alike(run.network.shared_encoder, seen), "half of all values are left out otherwise"
    run._train_mode()
    assert alike(run.network.shared_encoder, seen) and not alike(run.network.natural_encoder, pictures)
    run.network.train()
    Freezing(run.network, FreezingPlan(OUTER["twin-vae"], ())).train(0)
    assert alike(run.network.natural_encoder, pictures) and not alike(run.network.shared_encoder, seen)


def test_a_frozen_batch_norm_sees_each_image_alone(draw):
    """In training mode an image's output depends on the others of its batch; frozen it does not."""
    run = trainer(draw, "density", {"strategy": "frozen-core"})
    inner = torch.rand(3, 2, 8, 8)
    outer = torch.rand(3, 1, 8, 8)

    def alone(part, images):
        return torch.allclose(part(images[:1].clone()), part(images.clone())[:1])

    run._train_mode()
    assert alone(run.network.bottom, inner) and not alone(run.network.encoders[0], outer)
    run.network.train()
    assert not alone(run.network.bottom, inner)


# Gradients


def test_what_lies_before_a_frozen_part_learns_through_it(draw):
    """Nothing but the count speaks to the encoder, and it is read behind the frozen core."""
    only = {"decoder": False, "divergence_weight": 0.0, "regressor_delay": 0}
    run = trainer(draw, "twin-vae", {"strategy": "frozen-core"}, only, weight_decay=0.0)
    before = tensors(run.network)
    run.run()
    changed = differing(before, tensors(run.network))
    assert {"natural_encoder.0.weight", "drawn_encoder.0.weight"} <= changed
    assert not {name for name in changed if within(name, CORE["twin-vae"])}
    assert not {name for name in changed if "decoder" in name}, "nothing is decoded, so that nothing learns to decode"


def test_a_batch_that_passes_through_frozen_parts_alone_teaches_nothing_and_breaks_nothing(draw):
    transfer = {"strategy": "frozen-core", "freeze": ["natural_encoder", "natural_decoder"]}
    run = trainer(draw, "twin-vae", transfer, {"decoder": False})
    before = tensors(run.network)
    assert set(kinds(run)) == {True, False}
    changed = differing(before, tensors(run.network))
    assert changed and all(within(name, ["drawn_encoder"]) for name in changed)


def test_the_bottom_of_a_u_net_learns_through_its_frozen_finest_level(draw):
    run = trainer(draw, "density", {"strategy": "frozen-outer"}, weight_decay=0.0)
    before = tensors(run.network)
    run.run()
    assert {"bottom.0.0.weight", "encoders.1.0.weight"} <= differing(before, tensors(run.network))


# Thawing


def watched(run: Trainer, **settings) -> list[set[str]]:
    """For each step of a run, the tensors that it changed."""
    seen, steps = [tensors(run.network)], []

    def look(progress):
        seen.append(tensors(run.network))
        steps.append(differing(seen[-2], seen[-1]))

    run.run(on_progress=look, **settings)
    return steps


def reference(names, begin, stages, always, step, steps) -> set[str]:
    """The tensors that are frozen in a step, worked out anew from the first step on, in whole numbers."""
    free = set()
    for at, parts in stages:
        if Fraction(step, steps) >= Fraction(at).limit_denominator(1000):
            free |= {name for name in names if within(name, parts)}
    return {name for name in names if within(name, always) or (within(name, begin) and name not in free)}


OWN = {
    "twin-vae": {"counts": ("regressor",), "middle": ("mean", "log_variance.0"), "rest": ("shared_encoder", "expand")},
    "density": {"up": ("ups.0",), "deep": ("bottom.1", "downs.1"), "rest": ("bottom", "decoders.0")},
}


@METHODS
@pytest.mark.parametrize("begin", ["frozen-core", "frozen-outer"])
def test_a_part_changes_from_its_stage_on_and_never_before(draw, method, begin):
    freeze = {"twin-vae": ("mean.0", "natural_encoder.3"), "density": ("bottom.1.0", "head")}[method]
    run = trainer(draw, method, {"strategy": "thaw", "thaw_from": begin, "freeze": freeze}, steps=10,
                  freeze_statistics_after=None)  # fmt: skip
    parts = run.method.parts(run.network)
    stages = [((number + 1) / (len(parts.stages) + 1), each) for number, (_, each) in enumerate(parts.stages)]
    frozen = (CORE if begin == "frozen-core" else OUTER)[method]
    names = tensors(run.network).keys()
    for step, changed in enumerate(watched(run)):
        still = reference(names, frozen, stages, freeze, step, 10)
        assert changed and not changed & still, step
    assert not reference(names, frozen, stages, (), 9, 10), "all stages together are the whole network"
    assert run.state.thawed == len(parts.stages)


@METHODS
def test_stages_of_ones_own_thaw_where_asked_and_what_is_in_none_stays(draw, method):
    transfer = {"strategy": "thaw", "stages": OWN[method], "thaw_at": [0.25, 0.5, 0.75]}
    run = trainer(draw, method, transfer, steps=8, freeze_statistics_after=None)
    stages = list(zip((0.25, 0.5, 0.75), OWN[method].values(), strict=True))
    names = tensors(run.network).keys()
    changes = watched(run)
    for step, changed in enumerate(changes):
        assert not changed & reference(names, CORE[method], stages, (), step, 8), step
    for at, parts in stages:
        learnt = set.union(*changes[round(8 * at) :])
        assert all(any(within(name, [part]) for name in learnt) for part in parts), "thawed, it learns"
    never = {"twin-vae": "shared_decoder", "density": "encoders.1"}[method]
    assert not {name for name in set.union(*changes) if within(name, [never])}
    assert run.state.thawed_at == dict(zip(OWN[method], (2, 4, 6), strict=True))


def test_thawing_by_epochs_comes_within_the_epoch(draw):
    """Three epochs of two steps: a third is behind before the third step, half before the fourth."""
    run = trainer(draw, "density", {"strategy": "thaw", "thaw_at": [0.2, 0.34, 0.5]}, steps=None, epochs=3)
    run.run()
    assert run.state.thawed_at == {"level-1": 2, "level-2": 3, "bottom": 3}


@pytest.mark.parametrize(("method", "step"), [("twin-vae", 5), ("density", 3), ("density", 9)])
def test_resumed_in_the_middle_of_a_thaw_it_ends_with_the_very_same_bytes(
    stop_at, draw, tmp_path, monkeypatch, method, step
):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    transfer = {"strategy": "thaw", "stages": OWN[method], "thaw_at": [0.2, 0.4, 0.6]}
    whole = trainer(draw, method, transfer, steps=10)
    whole.run()
    with pytest.raises(KeyboardInterrupt):
        trainer(draw, method, transfer, steps=10).run(checkpoint=tmp_path / "c.pt", on_progress=stop_at(step))
    second = trainer(draw, method, transfer, steps=10)
    stages = list(zip((0.2, 0.4, 0.6), OWN[method].values(), strict=True))
    restore_run(second, tmp_path / "c.pt")
    names, done = tensors(second.network).keys(), second.state.step
    assert done == step - 1
    for number, changed in enumerate(watched(second, checkpoint=tmp_path / "c.pt", resume=True), start=done):
        if number > done:  # the first one is compared with the network before it was restored
            assert not changed & reference(names, CORE[method], stages, (), number, 10), number
    assert tensors(second.network) == tensors(whole.network)
    assert second.state.thawed_at == whole.state.thawed_at == dict(zip(OWN[method], (2, 4, 6), strict=True))


def test_what_has_thawed_stays_thawed_in_a_longer_run(stop_at, draw, tmp_path):
    """At step 6 of 6 all stages have come; of 600 none would have."""
    transfer = {"strategy": "thaw"}
    trainer(draw, "density", transfer, steps=6).run(checkpoint=tmp_path / "c.pt")
    longer = trainer(draw, "density", transfer, steps=600)
    assert longer.freezing.due(6 / 600) == 0
    restore_run(longer, tmp_path / "c.pt")
    before = tensors(longer.network)
    with pytest.raises(KeyboardInterrupt):
        longer.run(checkpoint=tmp_path / "c.pt", resume=True, on_progress=stop_at(7))
    assert longer.state.thawed == 3
    assert {"bottom.0.0.weight", "encoders.1.0.weight"} <= differing(before, tensors(longer.network))


# What is seen first, how fast parts learn, and a fresh optimiser


def kinds(run: Trainer, **settings) -> list[bool]:
    """Of each step, whether its pictures were drawn."""
    seen, step = [], run._step
    run._step = lambda batch, done: seen.append(batch.drawn) or step(batch, done)
    run.run(**settings)
    return seen


@pytest.mark.parametrize("first", ["drawn", "natural"])
def test_one_kind_of_pictures_alone_comes_first(draw, first):
    """Of twenty steps the first six are before 0.3 of the run; then both kinds take turns."""
    transfer = {"first": first, "first_share": 0.3}
    seen = kinds(trainer(draw, "twin-vae", transfer, batch_size=1, steps=20))
    assert seen[:6] == [first == "drawn"] * 6
    assert set(seen[6:8]) == set(seen[-2:]) == {True, False}
    assert 5 <= sum(seen[6:]) <= 9
    both = kinds(trainer(draw, "twin-vae", {}, batch_size=1, steps=6))
    assert set(both) == {True, False}


@pytest.mark.parametrize("step", [3, 6, 8])
def test_killed_while_one_kind_is_seen_it_goes_on_with_it(stop_at, draw, tmp_path, monkeypatch, step):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    settings = {"batch_size": 1, "steps": 10}

    def run():
        return trainer(draw, "twin-vae", {"first": "natural", "first_share": 0.5}, **settings)

    straight = run()
    whole = kinds(straight)
    with pytest.raises(KeyboardInterrupt):
        run().run(checkpoint=tmp_path / "c.pt", on_progress=stop_at(step))
    again = run()
    assert whole[step - 1 :] == kinds(again, checkpoint=tmp_path / "c.pt", resume=True)
    assert tensors(again.network) == tensors(straight.network)


def test_a_phase_that_is_over_does_not_come_back_in_a_longer_run(draw, tmp_path):
    first = {"first": "natural", "first_share": 0.5}
    trainer(draw, "twin-vae", first, batch_size=1, steps=10).run(checkpoint=tmp_path / "c.pt")
    longer = trainer(draw, "twin-vae", first, batch_size=1, steps=60)
    assert set(kinds(longer, checkpoint=tmp_path / "c.pt", resume=True)[:6]) == {True, False}


def test_natural_pictures_alone_are_enough(draw):
    run = trainer(draw, "twin-vae", {}, ratio=0.0)
    assert kinds(run) == [False] * 6
    run = trainer(draw, "twin-vae", {"strategy": "frozen-core"}, ratio=0.0)
    before = tensors(run.network)
    run.run()
    changed = differing(before, tensors(run.network))
    assert changed and all(within(name, ["natural_encoder", "natural_decoder"]) for name in changed)


REACHED = {
    "twin-vae": ("natural_encoder.0", "natural_encoder.3", "mean.0"),
    "density": ("bottom.1.0", "bottom.0.0", "head"),
}


@METHODS
def test_parts_learn_by_their_own_factor(draw, method):
    """One step of plain gradient descent from the same weights: each part goes its factor of the way."""
    whole, inner = {"twin-vae": ("natural_encoder", "natural_encoder.0"), "density": ("bottom", "bottom.1")}[method]
    plain = {"optimiser": "sgd", "momentum": 0.0, "weight_decay": 0.0, "learning_rate": 1e-2}

    def step(**factors):
        run = trainer(draw, method, {}, **plain, learning_rates=factors)
        before = {name: each.detach().clone() for name, each in run.network.named_parameters()}
        natural = (batch for batch in run.batches.epoch(0) if method == "density" or not batch.drawn)
        run._train_mode()
        run._step(next(natural), 0.0)
        return {name: each.detach() - before[name] for name, each in run.network.named_parameters()}

    usual, slowed = step(), step(**{whole: 0.5, inner: 0.25})
    assert usual.keys() == slowed.keys()
    assert all(usual[f"{part}.weight"].abs().max() > 1e-4 for part in REACHED[method])
    for name, way in usual.items():
        factor = 0.25 if within(name, [inner]) else 0.5 if within(name, [whole]) else 1.0
        torch.testing.assert_close(slowed[name], factor * way, rtol=1e-3, atol=1e-6)


def test_the_optimiser_begins_anew(draw):
    """Adam's first step goes the learning rate in every weight that has a gradient, whatever came before."""
    run = trainer(draw, "density", {}, weight_decay=0.0, learning_rate=1e-3, averaging=0.0, steps=1)
    assert not run.optimiser.state_dict()["state"]
    before = {name: each.detach().clone() for name, each in run.network.named_parameters()}
    run.run()
    ways = torch.cat([(each - before[name]).abs().flatten() for name, each in run.network.named_parameters()])
    moved = ways[ways > 1e-5].detach()
    assert len(moved) > len(ways) / 2
    assert torch.quantile(moved, 0.2) == pytest.approx(1e-3, rel=0.01) == float(moved.max())


# The plan


def twin() -> tuple[TwinVAEMethod, nn.Module]:
    method = TwinVAEMethod(TwinVAEConfig(**TWIN), 1)
    return method, method.network()


def test_the_paper_thaws_four_stages_at_fifths():
    plan = plan_freezing(*twin(), TransferConfig(strategy="thaw"))
    assert [stage.name for stage in plan.stages] == ["regressor", "shared", "inner", "rest"]
    assert [stage.at for stage in plan.stages] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert plan.frozen == CORE["twin-vae"] and plan.always == ()


def test_due_counts_the_stages_that_are_behind():
    stages = (Stage("a", ("mean",), 0.2), Stage("b", ("expand",), 0.5))
    freezing = Freezing(twin()[1], FreezingPlan(("mean", "expand"), (), stages))
    assert [freezing.due(done) for done in (0.0, 0.19, 0.2, 0.5, 1.0)] == [0, 0, 1, 2, 2]


def test_no_transfer_freezes_nothing():
    assert plan_freezing(*twin(), None) == plan_freezing(*twin(), TransferConfig()) == FreezingPlan()


def test_the_beginning_of_a_name_is_no_part():
    network = twin()[1]
    check_parts(network, ["mean", "natural_encoder.0"], "transfer.freeze")
    for wrong in ("mea", "natural_encoder.1", "mean.0.weight", ""):
        with pytest.raises(ConfigError, match=f"'transfer.freeze' names '{wrong}', and the network has no such part"):
            check_parts(network, [wrong], "transfer.freeze")


@pytest.mark.parametrize(
    ("transfer", "line"),
    [
        (
            {"freeze": ["nose"]},
            "'transfer.freeze' names 'nose', and the network has no such part; choose among natural",
        ),
        (
            {"strategy": "thaw", "stages": {"one": ["regressor", "nose"]}},
            "'transfer.stages.one' names 'nose', and the network has no such part",
        ),
        (
            {"strategy": "thaw", "thaw_at": [0.1, 0.2]},
            "there are 2 shares in transfer.thaw_at, but the method has 4 stages: regressor, shared, inner, rest",
        ),
        (
            {"strategy": "frozen-outer", "freeze": CORE["twin-vae"]},
            "the strategy frozen-outer with these parts freezes the whole network, or all of it that could learn",
        ),
        (
            {"strategy": "simultaneous", "freeze": [*CORE["twin-vae"], *OUTER["twin-vae"]]},
            "the strategy simultaneous with these parts freezes the whole network",
        ),
    ],
    ids=str,
)
def test_plans_that_make_no_sense_are_one_line_with_a_cure(transfer, line):
    with pytest.raises(ConfigError) as caught:
        plan_freezing(*twin(), TransferConfig(**transfer))
    assert str(caught.value).startswith(line) and caught.value.cure and "\n" not in str(caught.value)


def test_what_nothing_teaches_counts_as_frozen():
    """Decoders that decode nothing, and the drawn side of a run without drawn pictures, cannot learn."""
    encoders = TransferConfig(strategy="frozen-core", freeze=["natural_encoder", "drawn_encoder"])
    silent = TwinVAEMethod(TwinVAEConfig(**TWIN, decoder=False), 1)
    plan_freezing(*twin(), encoders)
    with pytest.raises(ConfigError, match="or all of it that could learn"):
        plan_freezing(silent, silent.network(), encoders)
    natural = TransferConfig(strategy="frozen-core", freeze=["natural_encoder"])
    plan_freezing(silent, silent.network(), natural, drawn=True)
    with pytest.raises(ConfigError, match="or all of it that could learn"):
        plan_freezing(silent, silent.network(), natural, drawn=False)


def test_all_but_one_part_may_be_frozen():
    core = [part for part in CORE["twin-vae"] if part != "regressor"]
    assert plan_freezing(*twin(), TransferConfig(strategy="frozen-outer", freeze=core)).frozen[4:] == tuple(core)


def test_a_method_without_a_core_freezes_by_name_alone():
    class Plain(Density):
        name = "plain"

        def parts(self, network):
            return None

    method = Plain(DensityConfig(sigma=2.0, channels=(2, 2)), 1)
    network = method.network()
    assert plan_freezing(method, network, TransferConfig(freeze=("head",))).frozen == ("head",)
    for strategy in ("frozen-core", "frozen-outer", "thaw"):
        with pytest.raises(ConfigError, match=f"'plain' has no core of its own to freeze, as the strategy {strategy}"):
            plan_freezing(method, network, TransferConfig(strategy=strategy))


def test_a_method_without_weights_has_nothing_to_carry_over():
    watershed = make_configuration({"method": "watershed"}).build(1)
    with pytest.raises(ConfigError, match="'watershed' has no weights that could be carried over"):
        plan_freezing(watershed, watershed.network(), TransferConfig())
    assert plan_freezing(watershed, watershed.network(), None) == FreezingPlan()


def test_learning_rates_of_unknown_parts_are_refused(draw):
    with pytest.raises(ConfigError, match=r"'training.learning_rates' names 'nose', and the network has no such part"):
        trainer(draw, "density", {}, learning_rates={"nose": 0.1})
