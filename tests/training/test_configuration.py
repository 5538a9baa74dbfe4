"""Reading a run's YAML: every mistake is one line with the file and the cure."""

from pathlib import Path

import pytest
import yaml

from cytally.errors import ConfigError
from cytally.methods.density import Density, DensityConfig
from cytally.training.configuration import Configuration, make_configuration, read_configuration
from cytally.training.transfer import TransferConfig

EXAMPLES = sorted(
    path for path in (Path(__file__).parents[2] / "examples").glob("*.yaml") if "\nmethod:" in f"\n{path.read_text()}"
)


def refused(values, **kwargs) -> str:
    with pytest.raises(ConfigError) as caught:
        make_configuration(values, file="run.yaml", **kwargs)
    line = str(caught.value)
    assert line.startswith("run.yaml: ")
    assert "\n" not in line
    assert caught.value.cure
    return line.removeprefix("run.yaml: ")


def density(**sections):
    return {"method": "density", **sections}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_valid_and_come_back_from_json(path):
    configuration = read_configuration(path)
    assert Configuration.model_validate_json(configuration.model_dump_json()) == configuration


def test_patience_that_ends_before_counts_are_learnt_is_refused():
    values = {"method": "twin-vae", "training": {"patience": 20}}
    assert "a training.patience of 20 epochs ends before counts are learnt" in refused(values)
    make_configuration(values | {"options": {"regressor_delay": 10}})


def test_a_method_brings_the_settings_of_its_paper():
    given = make_configuration({"method": "twin-vae", "training": {"batch_size": 64}})
    assert (given.training.batch_size, given.training.learning_rate) == (64, 1.3e-4)
    assert make_configuration({"method": "density"}).training.learning_rate == 2e-4


def test_there_are_examples():
    assert {path.stem for path in EXAMPLES} >= {"density", "density-melanocyte", "twin-vae", "twin-vae-small"}


def test_the_melanocyte_example_is_the_paper():
    paper = read_configuration(next(path for path in EXAMPLES if path.stem == "density-melanocyte"))
    assert paper.options == DensityConfig()
    assert (paper.input.pixel_size, paper.input.downscale, paper.input.channels) == (0.4523, 4, ("green",))
    assert (paper.training.batch_size, paper.training.learning_rate, paper.training.patience) == (16, 2e-4, 2500)
    assert paper.augmentation.blur == (0.5, 2.5)


def test_options_are_read_by_the_methods_own_class():
    configuration = make_configuration(density(options={"sigma": 3}))
    assert type(configuration.options) is DensityConfig
    method = configuration.build(2)
    assert isinstance(method, Density)
    assert method.config.sigma == 3
    assert method.in_channels == 2


def test_what_is_left_out_or_left_empty_takes_its_defaults():
    bare = make_configuration({"method": "density"})
    assert bare.options == DensityConfig()
    assert make_configuration(density(options=None, training=None, input=None, seed=None)) == bare


def test_channels_may_be_given_by_number():
    assert make_configuration(density(input={"channels": [0, "red"]})).input.channels == ("0", "red")


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "'method' is missing; add 'method'"),
        ({"method": 5}, "'method': input should be a valid string; mend that setting"),
        ({"method": "densty"}, "there is no method 'densty'; choose one of bit, density"),
        (density(batch_size=3), "'batch_size' is no setting; did you mean 'training.batch_size'?"),
        (density(trainin={}), "'trainin' is no setting; did you mean 'training'?"),
        (
            density(training={"batchsize": 3}),
            "'training.batchsize' is no setting; did you mean 'training.batch_size'?",
        ),
        (density(options={"sigmaa": 3}), "'options.sigmaa' is no setting; did you mean 'options.sigma'?"),
        (density(options={"zzz": 3}), "'options.zzz' is no setting; remove it"),
        (density(options={"sigma": -1}), "'options.sigma': input should be greater than 0, or input should be 'auto'"),
        (density(options={"channels": [4, 0]}), "'options.channels.1': input should be greater than or equal to 1"),
        (density(options=[1]), "'options': holds settings of its own, one per line; mend that setting"),
        (density(training=5), "'training': holds settings of its own, one per line; mend that setting"),
        (density(training={"learning_rate": float("nan")}), "'training.learning_rate': input should be a finite"),
        (
            density(training={"schedule": "cosin"}),
            "'training.schedule': input should be 'constant', 'cosine', 'decay', 'hyperrule' or 'plateau'",
        ),
        (density(training={"crop": 20, "context": 10}), "'training': a context of 10 on each side leaves nothing"),
        (density(augmentation={"blur": [3, 1]}), "'augmentation.blur': [3.0, 1.0] is not a range: give two"),
        (density(input={"channels": "red"}), "'input.channels': input should be 'one' or 'all', or input should be"),
        (density(input={"channels": []}), "'input.channels': input should be 'one' or 'all', or tuple should have"),
        (density(seed=-1), "'seed': input should be greater than or equal to 0; mend that setting"),
        ({"method": "density", 1: 2}, "'1': keys should be strings; mend that setting"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_that_names_the_setting(values, line):
    assert refused(values).startswith(line)


def test_settings_override_the_file(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("method: density\ntraining:\n  batch_size: 2\noptions:\n")
    settings = [
        *["training.batch_size=8", "training.learning_rate=1e-3", "seed=7", "options.channels=[4, 8]"],
        *["input.channels=all", "training.clip=null", "augmentation.blur=[0.5,1]"],
    ]
    configuration = read_configuration(path, settings)
    assert configuration.training.batch_size == 8
    assert configuration.training.learning_rate == 0.001
    assert configuration.training.clip is None
    assert configuration.seed == 7
    assert configuration.options.channels == (4, 8)
    assert configuration.input.channels == "all"
    assert configuration.augmentation.blur == (0.5, 1)
    assert read_configuration(path).training.batch_size == 2


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("training.batch_size", "the setting 'training.batch_size' has no key or no value; write it as key=value"),
        ("=5", "the setting '=5' has no key or no value"),
        ("training.=5", "the setting 'training.=5' has no key or no value"),
        ("training.batch_size=", "'training.batch_size': input should be a valid integer"),
        ("training.batch_size=[1", "the value of 'training.batch_size' is no valid YAML; quote it"),
        ("training.bach_size=4", "'training.bach_size' is no setting; did you mean 'training.batch_size'?"),
        ("method.name=4", "'method.name' is no setting; 'method' holds a value of its own"),
        ("a.b.c=4", "'a' is no setting"),
    ],
)
def test_a_wrong_setting_is_one_line_with_the_file(tmp_path, setting, line):
    path = tmp_path / "run.yaml"
    path.write_text("method: density\n")
    with pytest.raises(ConfigError) as caught:
        read_configuration(path, [setting])
    assert str(caught.value).startswith(f"{path}: {line}")
    assert caught.value.cure
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "holds no settings; begin with a line like 'method: density'"),
        (b"- a\n- b\n", "holds no settings"),
        (b"just words", "holds no settings"),
        (b"method: [density\n", "is no valid YAML ("),
        (b"method:\n\t- density\n", "is no valid YAML ("),
        (b"\xff\xfe\x00", "is no valid YAML ("),
        (b"method: !!python/object/apply:os.getcwd []\n", "is no valid YAML ("),
    ],
)
def test_a_file_that_holds_no_configuration_is_one_line(tmp_path, content, line):
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read_configuration(path)
    assert str(caught.value).startswith(f"{path}: {line}")
    assert caught.value.cure


def test_a_missing_file_and_a_folder_are_one_line(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(ConfigError, match="there is no such configuration; give the path of a YAML file"):
            read_configuration(path)


def test_every_setting_of_every_section_is_described():
    def fields(model):
        for name, field in model.model_fields.items():
            yield name, field.description
            inner = field.annotation
            if hasattr(inner, "model_fields"):
                yield from fields(inner)

    found = dict(fields(Configuration)) | dict(fields(DensityConfig))
    assert len(found) > 30
    assert [name for name, description in found.items() if not description] == []


def test_the_configuration_that_is_written_down_is_plain_yaml():
    text = yaml.safe_dump(make_configuration({"method": "density"}).model_dump(mode="json"))
    assert make_configuration(yaml.safe_load(text)) == make_configuration({"method": "density"})


def test_a_mosaic_whose_quarters_would_teach_nothing_is_refused():
    values = {"method": "density", "augmentation": {"mosaic": 0.5}, "training": {"crop": 64, "context": 16}}
    with pytest.raises(ConfigError, match="leaves nothing of a mosaic's quarter, 32 pixels"):
        make_configuration(values)
    values["training"]["context"] = 15
    assert make_configuration(values).augmentation.mosaic == 0.5


def test_a_transfer_brings_the_settings_of_its_paper():
    """Twice as many drawn pictures as natural ones, and counts from the first epoch; what is given stands."""
    plain = make_configuration({"method": "twin-vae"})
    assert plain.transfer is None and (plain.drawn.ratio, plain.options.regressor_delay) == (1, 100)
    carried = make_configuration({"method": "twin-vae", "transfer": {}})
    assert (carried.drawn.ratio, carried.options.regressor_delay) == (2, 0)
    assert carried.drawn.preset == plain.drawn.preset and carried.training == plain.training
    given = make_configuration({"method": "twin-vae", "transfer": {}, "drawn": {"ratio": 0.5}})
    assert given.drawn.ratio == 0.5
    assert make_configuration({"method": "density", "transfer": {}}).drawn.ratio == 0


def test_a_file_without_the_section_is_read_for_a_transfer(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("method: twin-vae\ntransfer:\n")
    assert read_configuration(path).transfer is None
    assert read_configuration(path, transfer=True).transfer == TransferConfig()
    assert read_configuration(path, transfer=True).drawn.ratio == 2
    configuration = read_configuration(path, ["transfer.strategy=thaw", "transfer.thaw_at=[0.1,0.2,0.3,0.4]"])
    assert configuration.transfer.thaw_at == (0.1, 0.2, 0.3, 0.4) and configuration.drawn.ratio == 2
    assert Configuration.model_validate_json(configuration.model_dump_json()) == configuration


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"method": "twin-vae", "drawn": {"ratio": -1}}, "'drawn.ratio': input should be greater than or equal to 0"),
        ({"method": "twin-vae", "drawn": {"ratio": 10.5}}, "'drawn.ratio': input should be less than or equal to 10"),
        (
            {"method": "twin-vae", "drawn": {"ratio": 0}, "transfer": {"first": "natural"}},
            "with a drawn.ratio of 0 nothing is drawn, and natural pictures cannot be first; leave out transfer.first",
        ),
        (
            {"method": "density", "drawn": {"ratio": 1}, "transfer": {"first": "drawn"}},
            "the method density sees no pictures in turn, so that none can be first; leave out transfer.first",
        ),
        (density(training={"learning_rates": {"head": 0}}), "'training.learning_rates.head': input should be greater"),
        (density(training={"learning_rates": [1]}), "'training.learning_rates': holds settings of its own"),
        (density(training={"optimiser": "sgdm"}), "'training.optimiser': input should be 'adam', 'radam' or 'sgd'"),
        (density(training={"momentum": 1}), "'training.momentum': input should be less than 1"),
        (
            density(transfer={"strategi": "thaw"}),
            "'transfer.strategi' is no setting; did you mean 'transfer.strategy'?",
        ),
        (density(strategy="thaw"), "'strategy' is no setting; did you mean 'transfer.strategy'?"),
    ],
    ids=str,
)
def test_a_transfer_that_makes_no_sense_is_one_line(values, line):
    assert refused(values).startswith(line)
