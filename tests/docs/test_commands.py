"""Every command and every Python block in README.md and docs runs as it is written.

Each page is followed from top to bottom in a room of its own: a temporary folder with what the pages assume
(`images`, `data`, `unseen`, `model`, `volumes`, `volume-model`, `challenge`, ...), all drawn here. Some things are
changed: training ends after two small steps, beside four drawn images and with the smallest encoder (`SHORTER`,
`SMALLER`; in Python, "steps" is set to 2), and `cytally synthesize` draws no hundreds of images (`MANY`) and no large
volumes (`TINY`). `cytally count` and `cytally segment` run by torch, which needs no time to compile a network, slides
in small tiles, latent spaces are drawn without UMAP, which compiles for a quarter of a minute; nothing is downloaded.
Whatever scheduler a page names, one with a worker in this process is taken.
Blocks under a comment ``<!-- no test: reason -->`` are not run; `NOT_RUN` lists them all.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import distance_transform_edt
from skimage.io import imread, imsave
from typer.testing import CliRunner

import cytally
from cytally.cli.main import app
from cytally.synthesis.nuclei import NucleiConfig, draw_nuclei

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHORTER = ("training.steps=2", "training.batch_size=2", "training.crop=64", "drawn.images=4")
SMALLER = {
    "efficient-cell-seg": ("training.crop=32", "options.encoder=b0", "options.side=null"),
    "density.": ("options.channels=[8, 16]",),
}
"""Further settings of examples whose names begin so: the paper's encoder is slow to build, and slides to count."""
TINY = ("settings.shape=[5, 64, 64]", "settings.count=[4, 6]")
"""Settings of drawn volumes, which take a while in their own size."""
EXPORTED = {"exported", "small"}
"""Models that are counted with by the back end they were exported for; others by torch, which compiles nothing."""
SLOW = {
    *("docs/reproduce.md", "docs/transfer.md", "docs/scale.md", "docs/large-images.md", "docs/segment.md"),
    *("docs/time-lapse.md", "docs/methods/bit.md", "docs/methods/nucleus-unet.md"),
}
"""Pages that take ten seconds and more: followed by `make test-docs`, as CI does, not by `make test`."""
MANY, FEWER = 30, 8
"""Beyond so many drawn images, so many are drawn; the latent space of so few is drawn without UMAP, which is slow."""
NOT_RUN = {
    "CONTRIBUTING.md": [".venv/bin/pre-commit install"],
    "README.md": ["pip install ."],
    "docs/large-images.md": [
        "pip install '.[openslide]'",
        "import zarr",
        'levels = zarr.open_group("slide/density/skin.zarr", mode="r")',
        "coarsest = levels[str(len(list(levels.array_keys())) - 1)][...]",
        "print(coarsest.sum())  # the count",
    ],
    "docs/flags.md": ["python scripts/add_training_range.py MODEL DATA"],
    "docs/app.md": [
        "cytally app",
        "cytally app --workspace /data/cells --allow /data/microscope --port 8800 --no-browser",
        "ssh -L 8765:127.0.0.1:8765 user@server cytally app --no-browser",
    ],
    "docs/scale.md": ["dask scheduler", "dask worker tcp://192.168.1.10:8786 --nworkers 16 --nthreads 1"],
    "docs/label.md": [
        "import cytally",
        "import tifffile",
        "from cytally.metrics.objects import object_metrics",
        'print(object_metrics([(tifffile.imread("by_hand/A1.tif"), cytally.label("stain/A1.tif"))]))',
    ],
    "docs/install.md": [
        "python3 -m venv .venv",
        "source .venv/bin/activate",
        "pip install .",
        "pip install torch --index-url https://download.pytorch.org/whl/cpu",
        "pip install .",
        "pip install '.[vendor]'",
    ],
}
BLOCK = re.compile(
    r"^(?:<!-- no test: (?P<reason>.+?) -->\n)?"
    r"```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\")?[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    title: str | None
    reason: str | None

    @property
    def lines(self) -> list[str]:
        """Its commands: continued lines joined, prompts and comments taken away, output left out."""
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "console":
            lines = [line[2:] for line in lines if line.startswith("$ ")]
        return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [Block(match["language"], match["text"], match["title"], match["reason"]) for match in BLOCK.finditer(text)]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def runs(block: Block) -> bool:
    return block.reason is None and block.language in {"bash", "console", "python"}


def draw(folder: Path, names: list[str], side: int, diameter: float) -> dict[str, np.ndarray]:
    """Draw images with a few nuclei into `folder`; return the points of each."""
    folder.mkdir(parents=True)
    config = NucleiConfig(shape=(side, side), count=(3, 8), diameter=(diameter, 1.2 * diameter))
    points = {}
    for seed, file in enumerate(names):
        drawn = draw_nuclei(config, np.random.default_rng(seed))
        imsave(folder / file, drawn.image, check_contrast=False)
        points[file] = drawn.points
    return points


def draw_data_folder(folder: Path, images: int) -> None:
    points = draw(folder / "images", [f"field-{number}.png" for number in range(images)], 96, 12)
    rows = [f"{file},{y:.1f},{x:.1f}" for file, cells in points.items() for y, x in cells]
    (folder / "points.csv").write_text("\n".join(["image,y,x", *rows, ""]), encoding="utf-8")


def draw_melanocytes(folder: Path) -> None:
    """A miniature of the published data set: RGB, the signal in green, large enough to be downscaled by 4."""
    for part in ("set1", "set2"):
        (folder / part / "labels").mkdir(parents=True)
        for file, cells in draw(folder / part / "images", ["image_0.png", "image_1.png"], 288, 40).items():
            grey, label = imread(folder / part / "images" / file), np.zeros((288, 288), np.uint8)
            imsave(folder / part / "images" / file, np.stack([grey * 0, grey, grey * 0], -1), check_contrast=False)
            y, x = np.clip(np.rint(cells).astype(int), 0, 287).T
            label[y, x] = 255
            imsave(folder / part / "labels" / file, label, check_contrast=False)


def draw_chambers(folder: Path) -> None:
    """A miniature of the published chambers: lists of images with their counts, 0 standing for 'not labelled'."""
    draw(folder / "images", [f"{number}.png" for number in range(6)], 128, 12)
    for name, numbers in (("train.csv", (0, 1, 2, 3)), ("test.csv", (4, 5))):
        rows = [f"./{folder.parent.name}/{folder.name}/images/{number}.png,{number}" for number in numbers]
        (folder / name).write_text("\n".join([*rows, ""]), encoding="utf-8")


def draw_pairs(folder: Path) -> None:
    """Four fields, stained and in phase contrast: dark bodies with bright rims."""
    for part in ("stain", "phase"):
        (folder / part).mkdir()
    for seed, well in enumerate(("A1", "A2", "B1", "B2")):
        config = NucleiConfig(shape=(128, 128), count=(8, 12), diameter=(14, 18))
        drawn = draw_nuclei(config, np.random.default_rng(seed))
        away = distance_transform_edt(drawn.labels == 0)
        phase = np.where(away == 0, 70, 120 + 100 * np.exp(-((away - 2) ** 2) / 4))
        noise = np.random.default_rng(seed).normal(0, 4, phase.shape)
        imsave(folder / "stain" / f"{well}_dapi.png", drawn.image, check_contrast=False)
        imsave(folder / "phase" / f"{well}_phase.png", (phase + noise).astype(np.uint8), check_contrast=False)


def draw_slide(folder: Path) -> None:
    """A slide just large enough to be read region by region: RGB with a pyramid, a lit disc with cells in a corner.

    Beside it the disc as a mask and as an outline, and two areas.
    """
    rows, columns = np.mgrid[:2080, :2080]
    rng = np.random.default_rng(0)
    green = rng.normal(8, 2, rows.shape) + 50 * (np.hypot(rows - 400, columns - 400) < 200)
    for y, x in rng.uniform(280, 520, (40, 2)).astype(int):
        window = np.s_[y - 12 : y + 13, x - 12 : x + 13]
        green[window] += 120 * np.exp(-((rows[window] - y) ** 2 + (columns[window] - x) ** 2) / 40)
    levels = [green.reshape(2080 // factor, factor, -1, factor).mean((1, 3)) for factor in (1, 2, 4)]
    with tifffile.TiffWriter(folder / "skin.tif") as file:
        for number, level in enumerate(levels):
            pixels = np.stack([level / 4, level, level / 8], axis=-1).clip(0, 255).astype(np.uint8)
            place = {"subifds": 2} if number == 0 else {"subfiletype": 1}
            file.write(pixels, tile=(256, 256), compression="zlib", photometric="rgb", **place)
    mask = np.hypot(rows - 400, columns - 400)[::8, ::8] < 210
    imsave(folder / "tissue.png", (255 * mask).astype(np.uint8), check_contrast=False)
    for file, names in (("tissue.geojson", ["tissue"]), ("areas.geojson", ["left", "right"])):
        features = []
        for place, each in enumerate(names):
            left, right = 200 + 200 * place, 600 if len(names) == 1 else 400 + 200 * place
            corners = [[left, 200], [right, 200], [right, 600], [left, 600], [left, 200]]
            geometry = {"type": "Polygon", "coordinates": [corners]}
            features.append({"type": "Feature", "properties": {"name": each}, "geometry": geometry})
        collection = {"type": "FeatureCollection", "features": features}
        (folder / file).write_text(json.dumps(collection), encoding="utf-8")


def draw_timelapse(folder: Path) -> None:
    """Six frames whose cells get more, as a stack, as files, and as four wells of two tiles."""
    frames = [
        draw_nuclei(NucleiConfig(shape=(96, 96), count=(3 + t,) * 2, diameter=(12, 14)), np.random.default_rng(t)).image
        for t in range(6)
    ]
    tifffile.imwrite(folder / "timelapse.tif", np.stack(frames), imagej=True, metadata={"axes": "TYX"})
    for part in ("frames", "wells"):
        (folder / part).mkdir()
    for time, frame in enumerate(frames):
        imsave(folder / "frames" / f"t{time}.png", frame, check_contrast=False)
        for well, tile in product(("A01", "A02", "B01", "B02"), (1, 2)):
            imsave(folder / "wells" / f"{well}_{tile}_{time}.png", frame[:64, :64], check_contrast=False)


def draw_volumes(folder: Path, volumes: int) -> None:
    """A data folder of volumes: balls in three slices of five, 64 pixels wide, with their label volumes."""
    for number in range(volumes):
        image, labels = draw_balls(number)
        write_volume(folder / "images" / f"stack-{number}.tif", image)
        write_volume(folder / "labels" / f"stack-{number}.tif", labels)


def draw_balls(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Five slices of 64 × 64 pixels with nine balls, and their labels."""
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[:5, :64, :64]
    labels = np.zeros(z.shape, np.uint16)
    for number in range(9):
        centre = np.array([2, 11 + 21 * (number // 3), 11 + 21 * (number % 3)]) + rng.uniform(-1, 1, 3)
        labels[(3 * (z - centre[0])) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2 < 36] = number + 1
    image = 200 + 1500 * (labels > 0) + rng.normal(0, 60, labels.shape)
    return image.clip(0).astype(np.uint16), labels


def write_volume(path: Path, volume: np.ndarray) -> None:
    """An ImageJ TIFF with a voxel size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"axes": "ZYX", "spacing": 3.0, "unit": "um"}
    tifffile.imwrite(path, volume, imagej=True, resolution=(1, 1), metadata=metadata)


def draw_challenge(folder: Path) -> None:
    """A miniature of a data set of the Cell Tracking Challenge: one sequence of three frames with its annotation."""
    for time in range(3):
        image, labels = draw_balls(time)
        write_volume(folder / "01" / f"t{time:03}.tif", image)
        write_volume(folder / "01_GT" / "SEG" / f"man_seg{time:03}.tif", labels)
        write_volume(folder / "01_GT" / "TRA" / f"man_track{time:03}.tif", labels)
    tracks = "".join(f"{label} 0 2 0\n" for label in range(1, 10))
    (folder / "01_GT" / "TRA" / "man_track.txt").write_text(tracks, encoding="utf-8")


@pytest.fixture(scope="module")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages assume to be there."""
    folder = tmp_path_factory.mktemp("furniture")
    draw(folder / "images", ["field-a.png", "field-b.png"], 128, 16)
    shutil.copyfile(folder / "images" / "field-a.png", folder / "image.png")
    draw_data_folder(folder / "data", 3)
    draw_data_folder(folder / "unseen", 2)
    draw_data_folder(folder / "calibration", 14)  # three are those of `data`, and are left out
    draw(folder / "plate1", [f"plate1_{well}_1.png" for well in ("A01", "B03")], 96, 12)
    draw_slide(folder)
    draw_timelapse(folder)
    draw_pairs(folder)
    draw_melanocytes(folder / "database_melanocytes_trp1")
    draw_data_folder(folder / "data-of-the-new-technique", 3)
    for technique in ("128p_pc", "128p_bf"):
        draw_chambers(folder / "data_cho" / technique)
    draw_volumes(folder / "volumes", 3)
    draw_volumes(folder / "unseen-volumes", 1)
    shutil.copyfile(folder / "volumes" / "images" / "stack-0.tif", folder / "volume.tif")
    draw_challenge(folder / "challenge")
    for dataset in ("Fluo-C3DL-MDA231", "Fluo-N3DL-TRIC", "Fluo-C3DH-A549-SIM"):
        shutil.copytree(folder / "challenge", folder / dataset)
        for sequence in ("01", "02"):
            shutil.copytree(folder / "challenge" / "01", folder / f"{dataset}-test" / sequence)
    for part in ("examples", "scripts"):
        shutil.copytree(ROOT / part, folder / part)
    return folder


@pytest.fixture
def room(furniture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(furniture, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cytally.report.latent.LEAST_FOR_UMAP", float("inf"))
    return tmp_path


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a Dask scheduler and its worker, both of them threads of this process."""
    from distributed import LocalCluster

    options = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": ":0"}
    with LocalCluster(protocol="tcp", **options) as cluster:
        yield cluster.scheduler_address


def trains_its_model(page: Path) -> bool:
    return any("cytally train" in line and "-o model " in f"{line} " for block in blocks(page) for line in block.lines)


def bundled_model(folder: Path) -> None:
    """A model of one's own, for pages that use one without having trained it."""
    outcome = CliRunner().invoke(
        app, ["train", "examples/density.yaml", "--data", "data", "-o", str(folder), *shorter()]
    )
    assert outcome.exit_code == 0, outcome.output


def shorter(arguments: Iterable[str] = ()) -> Iterator[str]:
    """Settings that make a training with these arguments end in no time."""
    configurations = [Path(word).name for word in arguments if word.endswith(".yaml")]
    smaller = [SMALLER[begin] for begin in SMALLER if any(each.startswith(begin) for each in configurations)]
    for setting in (*SHORTER, *(one for each in smaller for one in each)):
        yield from ("--set", setting)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=[pytest.mark.slow] * (name(page) in SLOW), id=name(page))
        for page in PAGES
        if any(map(runs, blocks(page)))
    ],
)
def test_page_runs_as_written(page: Path, room: Path, request: pytest.FixtureRequest) -> None:
    text = page.read_text(encoding="utf-8")
    address = request.getfixturevalue("scheduler") if "--scheduler" in text else ""
    if re.search(r"--model model\b|load\(\"model\"\)", text) and not trains_its_model(page):
        run("cytally train examples/density.yaml --data data -o model")
    if "volume-model" in text and "-o volume-model" not in text:
        run("cytally train examples/efficient-cell-seg-small.yaml --data volumes -o volume-model")
    names: dict[str, object] = {"__name__": name(page)}
    for block in blocks(page):
        if block.title is not None:
            (room / block.title).write_text(block.text, encoding="utf-8")
        elif not runs(block):
            continue
        elif block.language == "python":
            exec(compile(re.sub(r'"steps": \d+', '"steps": 2', block.text), name(page), "exec"), names)
        else:
            for line in block.lines:
                run(line, scheduler=address)


def run(line: str, scheduler: str = "") -> None:
    """Run one command, which has to succeed, with another `scheduler` than it names."""
    assert not re.search(r"[|;&$`]|>\s", re.sub(r"\"[^\"]*\"|'[^']*'", "", line)), f"a plain command, please: {line}"
    program, *arguments = shlex.split(line, comments=True)
    if program == "cytally":
        if arguments[0] in {"train", "transfer"}:
            arguments += shorter(arguments)
        if arguments[0] == "synthesize" and "--images" in arguments:
            number = arguments.index("--images") + 1
            arguments[number] = str(FEWER if int(arguments[number]) > MANY else arguments[number])
        if arguments[0] == "synthesize" and Path(arguments[1]).stem.startswith("volumes-"):
            arguments += [word for setting in TINY for word in ("--set", setting)]
        if "imagenet" in arguments:  # which would be downloaded
            place = arguments.index("imagenet")
            del arguments[place - 1 : place + 1]
        if "--scheduler" in arguments:
            arguments[arguments.index("--scheduler") + 1] = scheduler
        if arguments[0] == "count":
            arguments += ["--memory", "64"]  # of which the tests before may hold some already
        if arguments[0] == "count" and "skin.tif" in arguments and "--tile" not in arguments:
            arguments += ["--tile", "128"]
        if arguments[0] == "bench":
            arguments += ["--side", "64", "--rounds", "1"]
        if (
            arguments[0] in {"segment", "count", "growth", "watch"}
            and "--backend" not in arguments
            and not EXPORTED & set(arguments)
        ):
            arguments += ["--backend", "torch"]
        outcome = CliRunner().invoke(app, arguments)
        assert outcome.exit_code == 0, f"{line}\n{outcome.output}\n{outcome.exception!r}"
    elif program == "make":
        subprocess.run(["make", "-n", *arguments], cwd=ROOT, check=True, capture_output=True)
    elif program == "python" and arguments[0].startswith("scripts/"):
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    else:
        pytest.fail(
            f"what is '{program}'? Mark its block with <!-- no test: reason -->, and list it in NOT_RUN: {line}"
        )


def test_what_is_not_run_is_known() -> None:
    marked = {
        name(page): [line for block in blocks(page) if block.reason for line in block.lines]
        for page in PAGES
        if any(block.reason for block in blocks(page))
    }
    assert marked == NOT_RUN


def test_every_fence_of_a_page_is_seen() -> None:
    """A block that the expression misses would go untested without a word."""
    for page in PAGES:
        fences = re.findall(r"^\s*(?:```|~~~)", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) == 2 * len(blocks(page)), f"{name(page)}: a fence without a language, indented or unclosed"
        languages = {block.language for block in blocks(page)}
        assert languages <= {"bash", "console", "python", "text", "csv", "yaml", "toml", "json"}, name(page)


def test_the_harness_can_fail(room: Path) -> None:
    with pytest.raises(AssertionError, match="--no-such-option"):
        run("cytally count images -o out --no-such-option")
    with pytest.raises(AssertionError, match="plain command"):
        run("cytally doctor | head")
    with pytest.raises(pytest.fail.Exception, match="rm"):
        run("rm -rf images")


def test_the_python_names_that_pages_promise_exist() -> None:
    for promised in ("load", "train", "evaluate", "Image"):
        assert callable(getattr(cytally, promised))
