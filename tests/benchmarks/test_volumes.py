"""Cells in volumes: the rows, the section of the page from made-up results, and how a large volume is measured."""

from __future__ import annotations

import doctest
import json
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cytally.errors import CytallyError
from cytally.networks.efficient_cell_seg import EfficientCellSeg
from cytally.synthesis.volume_presets import VOLUME_PRESETS

MISSING = "not measured"
FACTS = {
    "commit": "c0ffee",
    "machine": {"gpu": None, "threads": 1},
    "made_by": {"created": "2026-01-02T03:04:05+00:00"},
}


@pytest.fixture
def page(script) -> ModuleType:
    return script("volumes_page")


@pytest.fixture
def rows(script) -> ModuleType:
    return script("volumes_rows")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "results" / "volumes").mkdir(parents=True)
    return tmp_path / "results"


@pytest.fixture
def make(rows: ModuleType, results: Path):
    """``make(row, seg=[0.5, 0.6])`` writes a result file as volumes.py would, a run for each value."""

    def write(options: Any, minutes: float = 9.0, parameters: int = 1_000_000, **figures: list[float]) -> None:
        number = max([len(each) for each in figures.values()], default=1)
        runs = []
        for seed in range(number):
            scored = {"seg": 0.25, "det": 0.5, "mean_iou": 0.75, "parameters": parameters}
            scored |= {key: values[seed] for key, values in figures.items()}
            scored["peseg"] = scored["seg"] / (parameters / 1e6)
            run = {"seed": seed, "minutes": minutes + seed, "steps": 1500, **FACTS, "linked": scored}
            if not options.mask:
                run |= {"volume": scored | {"seg": 0.125}, "slices": scored | {"seg": 0.0625}}
            if options.kind == "nuclei-3d":
                run |= {f"real {each}": scored | {"seg": scored["seg"] + 0.25} for each in ("linked", "volume")}
            runs.append(run)
        values = {"command": rows.command(options), "runs": runs}
        (results / "volumes" / f"{rows.row_name(options)}.json").write_text(json.dumps(values))

    return write


@pytest.fixture
def classical(results: Path, rows: ModuleType) -> None:
    """A baseline of SEG 0.40 everywhere."""
    found = {"test": {"seg": 0.4, "det": 0.5, "mean_iou": 0.875}}
    values = FACTS | {"kinds": dict.fromkeys(rows.kind_rows(), found), "minutes": 3.0}
    (results / "volumes-classical.json").write_text(json.dumps(values))


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table, by their column."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in found]


def commands(text: str) -> list[str]:
    return text.split("```")[1].strip().splitlines()[1:]


@pytest.mark.parametrize("name", ["published", "volume_speed"])
def test_examples_in_docstrings(script, name: str) -> None:
    failed, tried = doctest.testmod(script(name))
    assert failed == 0 and tried > 0


# The rows


def test_the_command_of_a_row_gives_the_row_again(rows: ModuleType) -> None:
    for row in rows.all_rows():
        again = rows.from_command(rows.command(row, seed=3))
        assert rows.same_row(row, again) and rows.row_name(again) == rows.row_name(row) and again.seed == 3
    names = [rows.row_name(row) for row in rows.all_rows()]
    assert len(names) == len(set(names)) and {"mda231", "mda231-mask", "mda231-mask-copies"} <= set(names)
    assert rows.row_name(rows.wanted("--kind tric --with options.gap=0")) == "tric-gap-0"


# The section of the page


def test_nothing_is_measured_yet(page: ModuleType, results: Path, rows: ModuleType) -> None:
    texts = page.volumes_texts(results)
    assert set(texts) == set(page.PLACES)
    kinds = table(texts["volume kinds"])
    assert len(kinds) == 4 * 4 and {row["SEG"] for row in kinds} == {MISSING}
    assert [row["Reached"] for row in kinds if row["Drawn volumes"] == "tric"] == ["–", *[MISSING] * 3]
    assert {row["Reached"] for row in kinds if row["Drawn volumes"] == "nuclei-3d"} == {"–"}
    assert {row["SEG"] for row in table(texts["volume real"])} == {MISSING}
    assert {row["Mean IoU"] for row in table(texts["volume context"])} == {MISSING}
    decoders = table(texts["volume decoders"])
    assert [row["Mean IoU"] for row in decoders] == [MISSING] * 4
    assert {row["Measured"] for row in table(texts["volume speed"])} == {MISSING}
    shown = [line for text in texts.values() if "```" in text for line in commands(text)]
    for row in rows.all_rows():
        assert rows.command(row) in shown
    for name in ("volumes_classical", "pseudocolour_speed", "volume_speed", "volume_large"):
        assert any(f"benchmarks/{name}.py" in line for line in shown)


@pytest.mark.parametrize(
    ("seg", "cell", "words"),
    [([0.5], "0.500", "yes"), ([0.499], "0.499", "no"), ([0.6, 0.4], "0.500 ± 0.141", "yes"), ([0.3], "0.300", "no")],
)
def test_seg_above_the_baseline(
    page: ModuleType, make, classical, results: Path, seg: list[float], cell: str, words: str
) -> None:
    make(page.kind_rows()["mda231"], seg=seg, parameters=2_000_000)
    make(page.kind_rows()["a549-sim"], seg=[0.9])
    baseline, linked, volume, slices, *others = table(page.volumes_texts(results)["volume kinds"])
    assert (baseline["SEG"], baseline["DET"], baseline["Mean IoU"]) == ("0.400", "0.500", "0.8750")
    assert (linked["SEG"], linked["SEG aimed at"], linked["Reached"]) == (cell, "0.500", words)
    assert (volume["SEG"], volume["Reached"], slices["SEG"]) == tuple(
        f"{each} ± 0.000" if len(seg) > 1 and each != "no" else each for each in ("0.125", "no", "0.062")
    )
    assert linked["Parameters"] == "2,000,000" and linked["PESEG"].startswith(f"{sum(seg) / len(seg) / 2:.4f}")
    made = "CPU, 1 thread, 9.0 min, 1,500 steps, 1 seed"
    assert linked["Made by"] == (made if len(seg) == 1 else "CPU, 1 thread, 9.5 min, 1,500 steps, 2 seeds")
    assert linked["Published SEG, **other images**"] == "0.646" and baseline["Published SEG, **other images**"] == "–"
    simulated = [row for row in others if row["Drawn volumes"] == "a549-sim"]
    assert [row["SEG"] for row in simulated] == ["0.400", "0.900", "0.125", "0.062"]
    assert {row["Reached"] for row in simulated} == {"–"}, "nothing is aimed at"


def test_rows_of_other_settings_are_shown_with_them(
    page: ModuleType, make, rows: ModuleType, classical, results: Path
) -> None:
    make(rows.wanted("--kind tric --with options.gap=0"), seg=[0.7])
    make(rows.wanted("--kind tric --mask"))
    text = page.volumes_texts(results)["volume kinds"]
    other = next(row for row in table(text) if "options.gap" in row["Segmented by"])
    assert other["SEG"] == "0.700" and "`options.gap=0`" in other["Segmented by"]
    lines = commands(text)
    assert lines[lines.index("# tric-gap-0: commit c0ffee, 2026-01-02") + 1].endswith("--with options.gap=0")
    assert not any("--mask" in line for line in lines)


def test_published_by_hand(page: ModuleType) -> None:
    found = {(row["Data set"], row["Method"]): list(row.values())[2:] for row in table(page.published_table())}
    assert found[("Fluo-C3DL-MDA231", "EfficientCellSeg")] == ["0.646", "13.4 M", "0.0482"]
    assert found[("Fluo-N3DL-TRIC", "KIT-Sch-GE")] == ["0.821", "46.4 M", "0.0177"]
    assert found[("Fluo-C3DH-A549-SIM", "DKFZ-GE")] == ["0.955", "176.0 M", "0.0054"]
    assert len(found) == 6


def test_every_model_of_the_real_volume_is_shown(page: ModuleType, make, rows: ModuleType, results: Path) -> None:
    make(rows.real_row(), seg=[0.5])
    make(rows.wanted("--kind nuclei-3d --with options.gap=0"), seg=[0.125])
    texts = page.volumes_texts(results)
    assert [row["SEG"] for row in table(texts["volume real"])[::3]] == [MISSING, "0.750", "0.375"]
    kinds = [
        row for row in table(texts["volume kinds"]) if "120 drawn volumes, `options.side=128`" in row["Segmented by"]
    ]
    assert [row["SEG"] for row in kinds] == ["0.500", "0.125", "0.062"]


def test_the_real_volume(page: ModuleType, make, results: Path) -> None:
    make(page.kind_rows()["nuclei-3d"], seg=[0.36, 0.38])
    linked, volume, slices, *second = table(page.volumes_texts(results)["volume real"])
    assert linked["Trained on"] == "24 drawn volumes, as above" and {row["SEG"] for row in second} == {MISSING}
    assert len(second) == 3 and second[0]["Trained on"].startswith("120 drawn volumes, `options.side=128`")
    assert (linked["SEG"], linked["SEG aimed at"], linked["Reached"]) == ("0.620 ± 0.014", "0.60", "yes")
    assert volume["Reached"] == "yes" and (slices["SEG"], slices["Reached"]) == (MISSING, MISSING)


@pytest.mark.parametrize(
    ("ours", "gain", "word"), [([0.875], "+0.1250", "yes"), ([0.7, 0.8], "+0.0000 ± 0.0707", "no")], ids=["one", "two"]
)
def test_colours_beside_copies(page: ModuleType, make, results: Path, ours: list[float], gain: str, word: str) -> None:
    pair = page.context_rows("tric")
    make(pair["copies"], mean_iou=[0.75, 0.75])
    make(pair["pseudocolours"], mean_iou=ours)
    text = page.volumes_texts(results)["volume context"]
    colours, copies = table(text)[2:]
    assert (colours["Mean IoU above the copies'"], colours["Higher"]) == (gain, word)
    assert copies["Mean IoU"] == "0.7500 ± 0.0000" and copies["Higher"] == "–"
    assert "python benchmarks/volumes.py --kind tric --mask --context copies --seed 1" in commands(text)


@pytest.mark.parametrize(("last", "apart", "word"), [(0.765, "0.0150", "yes"), (0.725, "0.0250", "no")])
def test_decoders(page: ModuleType, make, results: Path, last: float, apart: str, word: str) -> None:
    small, medium, large = page.decoder_rows().values()
    make(small, mean_iou=[0.75], parameters=6_629_433, minutes=9.0)
    make(medium, mean_iou=[0.75])
    told = table(page.volumes_texts(results)["volume decoders"])[-1]
    assert told["Mean IoU"] == MISSING, "one is missing"
    make(large, mean_iou=[last], minutes=30.0)
    found = table(page.volumes_texts(results)["volume decoders"])
    assert (found[0]["All parameters"], found[0]["Minutes of training"]) == ("6,629,433", "9.0")
    assert found[2]["Its parameters, published"] == "12.5 M" and found[2]["Decoder"] == "[512, 256, 128, 64]"
    assert found[3]["Mean IoU"] == apart and found[3]["Aim"] == f"at most 0.02: {word}"


@pytest.mark.parametrize("name", ["small", "medium", "large"])
def test_parameters_of_decoders(page: ModuleType, rows: ModuleType, name: str) -> None:
    filters = [int(each) for each in rows.DECODERS[name].split(",")]
    network = EfficientCellSeg(filters, encoder="b5")
    whole, encoder = (sum(each.numel() for each in part.parameters()) for part in (network, network.encoder))
    assert page.DECODER_PARAMETERS[name] == whole - encoder


def test_speed(page: ModuleType, results: Path) -> None:
    colours = FACTS | {"slices_per_second": 39.0}
    openvino: dict[str, Any] = {
        "ratio": 6.25,
        "ratio_of_fastest_torch": 2.5,
        "dice": 0.9951,
        "slices": 12,
        "precision": "bfloat16",
        "seconds": {"openvino": [1.0, 2.0, 1.5]},
    }
    large = {
        "minutes": 4.5,
        "processor_minutes": 7.5,
        "peak_gib": 4.0,
        "objects": 9876,
        "model": "tric/model-0",
        "command": "python large",
    }
    (results / "pseudocolour-speed.json").write_text(json.dumps(colours))
    (results / "volume-speed.json").write_text(json.dumps(FACTS | openvino | {"network": "from scratch, 40 steps"}))
    (results / "volume-large.json").write_text(json.dumps(FACTS | large))
    text = page.volumes_texts(results)["volume speed"]
    found = [(row["Measured"], row["Aim"], row["Reached"]) for row in table(text)]
    assert found == [
        ("39", "40", "no"),
        ("6.25", "5", "yes"),
        ("2.50", "–", "–"),
        ("0.9951", "0.995", "yes"),
        ("4.5", "5", "yes"),
        ("4.00", "under 4", "no"),
    ]
    assert "9,876 objects; 7.5 min of the processor" in text and "python large" in commands(text)
    assert "python benchmarks/volume_speed.py --steps 40 --rounds 3 --threads 1" in commands(text)
    changed = {"network": "model-0", "ratio_by_processor": 6.5}
    (results / "volume-speed.json").write_text(json.dumps(FACTS | openvino | changed))
    text = page.volumes_texts(results)["volume speed"]
    assert "volume_speed.py --model model-0 --rounds 3" in text and "(6.50 by seconds of the processor)" in text


# A large volume


@pytest.fixture
def large(script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """volume_large.py, small, with a stand-in for the command."""
    module = script("volume_large")
    small = VOLUME_PRESETS["tric"].model_copy(update={"shape": (4, 32, 32), "count": (2, 3)})
    monkeypatch.setitem(VOLUME_PRESETS, "tric", small)
    monkeypatch.setattr(module, "SHAPE", (4, 64, 32))
    monkeypatch.setattr(module, "RESULT", tmp_path / "volume-large.json")

    def stand_in(volume: Path, out: Path, options: Any) -> list[str]:
        assert volume.is_file()
        out.mkdir(parents=True, exist_ok=True)
        table = "image,count\\na.tif,7.0\\n"
        return [sys.executable, "-c", f"open({str(out / 'counts.csv')!r}, 'w').write('{table}')"]

    monkeypatch.setattr(module, "segment_words", stand_in)
    return module


def test_a_large_volume_is_as_densely_peopled(script) -> None:
    module = script("volume_large")
    config, preset = module.large_config(), VOLUME_PRESETS["tric"]
    assert config.shape == (13, 1745, 2440)
    density = preset.count[1] / (256 * 256)
    assert config.count[1] / (1745 * 2440) == pytest.approx(density, rel=1e-3) and 7000 < config.count[0] < 14000


def test_what_a_large_volume_takes(large: ModuleType, tmp_path: Path) -> None:
    work = tmp_path / "work"
    model = work / "volumes" / "runs" / "tric" / "model-0"
    large.main(["--model", str(model), "--work", str(work)])
    text = large.RESULT.read_text()
    found = json.loads(text)
    assert found["command"] == large.COMMAND and found["objects"] == 7 and found["drawn"] > 0
    assert found["threads"] == found["machine"]["threads"] == 2 and found["minutes"] >= 0
    assert found["model"] == "benchmark-work/volumes/runs/tric/model-0" and str(tmp_path) not in text
    drawn = next((work / "volumes" / "large" / "images").glob("*.tif"))
    before = drawn.stat().st_mtime_ns
    large.main(["--model", str(tmp_path / "elsewhere"), "--work", str(work), "--threads", "1"])
    found = json.loads(large.RESULT.read_text())
    assert found["command"] == "python benchmarks/volume_large.py --model elsewhere --threads 1"
    assert drawn.stat().st_mtime_ns == before, "written once"


def test_the_measured_command_is_that_of_the_package(script, tmp_path: Path) -> None:
    module = script("volume_large")
    options = module.argparse.Namespace(model=Path("m"), backend="torch")
    words = module.segment_words(Path("v.tif"), Path("out"), options)
    assert words[1:5] == ["-m", "cytally", "segment", "v.tif"] and words[-3:] == ["--backend", "torch", "--overwrite"]


CHILD = "import time; held = b'x' * ({} * 2**20); time.sleep(0.4)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD.format(100)!r}])"


def test_memory_of_children_counts(script) -> None:
    module = script("volume_large")
    taken = module.run_watched([sys.executable, "-c", PARENT], 1)
    assert 100 * 2**20 < taken.peak < 250 * 2**20 and 0.4 < taken.seconds < 60
    assert 0 < taken.processor < taken.seconds + 0.1
    spent, held = module.look(module.psutil.Process(os.getpid()))
    assert spent > 0 and held > 2**20


def test_a_command_that_fails_is_told(script) -> None:
    with pytest.raises(CytallyError, match="exit status 3"):
        script("volume_large").run_watched([sys.executable, "-c", "raise SystemExit(3)"], 1)
