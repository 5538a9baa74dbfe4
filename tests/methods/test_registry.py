"""Methods from other packages: a small one is put on the path of another process, as pip would install it."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from cytally.errors import UsageError
from cytally.methods.density import Density
from cytally.methods.registry import find_method, method_names, refused_methods

SOURCE = Path(__file__).parents[2] / "src"

MEAN_METHOD = """
    from typing import ClassVar

    import numpy as np
    from torch import nn

    from cytally.methods.map_method import MapMethod
    from cytally.methods.method import MethodConfig
    from cytally.results import Prediction


    class MeanConfig(MethodConfig):
        cells_per_unit: float = 1.0


    class Mean(MapMethod):
        '''As many cells as the picture is bright.'''

        name: ClassVar[str] = "mean"
        Config: ClassVar[type[MethodConfig]] = MeanConfig
        cell_diameter = 5.0

        def network(self):
            return nn.Conv2d(self.in_channels, 1, 1)

        def targets(self, example):
            shape = example.image.shape[-2:]
            return np.full((1, *shape), example.count / (shape[0] * shape[1]), np.float32)

        def loss(self, output, targets, weights):
            return ((output - targets) * weights).abs().mean()

        def read(self, output):
            return Prediction(float(output.sum()))
"""

TRAIN = """
    import json
    import logging

    import numpy as np

    from cytally.datasets.example import Example
    from cytally.methods.registry import find_method, method_names, refused_methods
    from cytally.training.data import TrainingData
    from cytally.training.configuration import make_configuration
    from cytally.training.loop import Trainer

    configuration = make_configuration(
        {"method": "mean", "options": {"cells_per_unit": 2}, "training": {"steps": 2, "batch_size": 1, "crop": 16}}
    )
    examples = [
        Example(str(n), np.full((1, 16, 16), n, np.float32), np.full((n, 2), 7.0), (-0.5, -0.5, 15.5, 15.5))
        for n in range(3)
    ]
    trainer = Trainer(
        configuration.build(1), TrainingData(examples, examples), configuration.training, configuration.augmentation
    )
    trainer.run()
    print(json.dumps({
        "names": method_names(),
        "module": find_method("mean").__module__,
        "steps": trainer.state.step,
        "options": configuration.model_dump()["options"],
        "refused": refused_methods(),
    }))
"""


def install(site: Path, distribution: str, module: str, code: str, methods: dict[str, str]) -> None:
    """Lay out a package as pip would."""
    (site / f"{module}.py").write_text(textwrap.dedent(code))
    info = site / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = [f"{name} = {module}:{attribute}" for name, attribute in methods.items()]
    (info / "entry_points.txt").write_text("\n".join(["[cytally.methods]", *lines]) + "\n")


def run(site: Path, code: str) -> dict:
    site_packages = f"import sys; sys.path[:0] = {[str(SOURCE), str(site)]!r}\n"
    result = subprocess.run(
        [sys.executable, "-c", site_packages + textwrap.dedent(code)], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_methods_of_other_packages_are_found_trained_and_broken_ones_refused_by_name(tmp_path):
    install(tmp_path, "mean-counter", "mean_counter", MEAN_METHOD, {"mean": "Mean"})
    install(tmp_path, "no-import", "no_import", "import a_module_that_is_not_there", {"unloadable": "Method"})
    install(tmp_path, "bad-code", "bad_code", "1 / 0", {"crashing": "Method"})
    install(tmp_path, "no-syntax", "no_syntax", "class (", {"unreadable": "Method"})
    install(tmp_path, "no-method", "no_method", "Method = dict", {"other": "Method", "absent": "Missing"})
    half = "from cytally.methods.method import Method\nclass Half(Method):\n    def read(self, output): ..."
    install(tmp_path, "half-method", "half_method", half, {"half": "Half"})
    seen = run(tmp_path, TRAIN)
    assert {"density", "mean"} <= set(seen["names"])
    assert seen["module"] == "mean_counter"
    assert seen["steps"] == 2
    assert seen["options"] == {"cells_per_unit": 2.0}
    refused = seen["refused"]
    assert set(refused) == {"unloadable", "crashing", "unreadable", "other", "absent", "half"}
    assert "package no-import cannot be loaded (ModuleNotFoundError: No module named 'a_mod" in refused["unloadable"]
    assert "package bad-code cannot be loaded (ZeroDivisionError" in refused["crashing"]
    assert "package no-syntax cannot be loaded (SyntaxError" in refused["unreadable"]
    assert "package no-method is not a cytally Method; update or remove no-method" in refused["other"]
    assert "package no-method cannot be loaded" in refused["absent"]
    assert "package half-method lacks" in refused["half"]
    assert "network" in refused["half"]
    assert all("\n" not in line for line in refused.values())


def test_our_own_methods_are_registered_and_load():
    assert "density" in method_names()
    assert find_method("density") is Density
    assert "density" not in refused_methods()


def test_an_unknown_method_is_refused_with_those_there_are():
    with pytest.raises(UsageError, match=r"there is no method 'densty'; choose one of .*density"):
        find_method("densty")
