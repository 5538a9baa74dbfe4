"""What a time was measured on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from cytally.tasks.machine import machine, processor_name


def test_what_is_told() -> None:
    facts = machine(("numpy", "no such package"))
    assert facts["threads"] == torch.get_num_threads() and facts["cores"] >= 1 and facts["memory_gib"] > 0
    assert facts["versions"].keys() == {"python", "numpy"} and facts["versions"]["numpy"] == np.__version__
    assert json.loads(json.dumps(facts)) == facts


def test_the_name_of_the_processor(tmp_path: Path) -> None:
    table = tmp_path / "cpuinfo"
    table.write_text("processor\t: 0\nmodel name\t: Some  Processor 3000\nmodel name\t: Another\n")
    assert processor_name(table) == "Some Processor 3000"
    table.write_text("Hardware\t: a board\n")
    assert processor_name(table) == processor_name(tmp_path / "none") != ""
