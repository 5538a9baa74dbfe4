"""Write docs/benchmarks.md: the words of benchmarks.md.in, and tables of what the benchmarks wrote to results.

python benchmarks/report.py           writes the page, and the pictures on it
python benchmarks/report.py --check   only says, by its exit status 1, that the page is not up to date
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from active_choice_page import PLACES as ACTIVE_PLACES
from active_choice_page import active_choice_texts
from app_page import PLACES as APP_PLACES
from app_page import app_texts
from few_labels_curve import draw_curve
from few_labels_report import PICTURE, PLACES, curve_of, is_measured, texts
from few_labels_result import read_few_labels
from flags_page import PLACES as FLAG_PLACES
from flags_page import flags_texts
from intervals_page import PLACES as INTERVAL_PLACES
from intervals_page import intervals_texts
from labels_page import PLACES as LABEL_PLACES
from labels_page import labels_texts
from lean_page import PLACES as LEAN_PLACES
from lean_page import lean_texts
from phase_page import PLACES as PHASE_PLACES
from phase_page import phase_texts
from phase_pictures import draw_phase
from published import MINUTES, OPTIONS_ELSE, OPTIONS_ON, PRETRAINING_MINUTES, ROWS, Row
from result import DATA, MISSING, Result, block, read_results, table
from rows import command, parse
from slide_page import PLACES as SLIDE_PLACES
from slide_page import slide_texts
from speed_page import PLACES as SPEED_PLACES
from speed_page import speed_texts
from timelapse_page import PLACES as TIMELAPSE_PLACES
from timelapse_page import timelapse_texts
from transfer_figures import draw_all
from transfer_page import PLACES as TRANSFER_PLACES
from transfer_page import transfer_texts
from variants import VARIANTS
from volumes_page import PLACES as VOLUME_PLACES
from volumes_page import volumes_texts

from cytally.files import write_text

HERE = Path(__file__).resolve().parent
WORDS = HERE / "benchmarks.md.in"
RESULTS = HERE / "results"
PAGE = HERE.parent / "docs" / "benchmarks.md"
PLACE = re.compile(r"^<!-- here: (.+) -->$", re.MULTILINE)
NOTE = (
    "<!-- Made by benchmarks/report.py from benchmarks/benchmarks.md.in and benchmarks/results: change those. -->\n\n"
)

COUNTING = (
    "Data",
    "Trained on",
    "Tested on",
    "MAE",
    "Each draw",
    "Bias",
    "T_err",
    "The same weights otherwise",
    "Published MAE",
    "Aim",
    "Reached",
    "Made by",
)
OPTIONS = ("Option", "What it is", "Measured on", "MAE", "MAE without", "Difference", "Made by")


def counting_rows(results: list[Result]) -> list[tuple[Row | None, Result | None]]:
    """What the first table shows: all rows that shall be there, then other results that are no one's baseline."""
    plain = [each for each in results if each.variant == "none"]
    shown: list[tuple[Row | None, Result | None]] = []
    for row in ROWS:
        fitting = [each for each in plain if each.is_of(row) and each.has_usual_name]
        shown += [(row, each) for each in fitting] or [(row, None)]
    taken = {each.name for _, each in shown if each} | {each.name for _, each, _ in option_rows(results) if each}
    others = [each for each in plain if each.name not in taken]
    return shown + [(next((row for row in ROWS if each.is_of(row)), None), each) for each in others]


def option_rows(results: list[Result]) -> list[tuple[str, Result | None, Result | None]]:
    """What the second table shows: each option, its baseline and its result; those that are measured first."""
    rows: list[tuple[str, Result | None, Result | None]] = []
    for variant in VARIANTS.keys() - {"none"}:
        fitting = [each for each in results if each.variant == variant]
        rows += [(variant, each.baseline(results), each) for each in fitting] or [(variant, None, None)]
    return sorted(rows, key=lambda row: (row[2] is None, [*VARIANTS].index(row[0])))


def counting_table(results: list[Result]) -> str:
    """The rows of `counting_rows`, with what is published and aimed at."""
    lines = []
    for row, result in counting_rows(results):
        figures = row.published if row is not None else ()
        published = "; ".join(f"{each.mae:g} {each.method} ({each.source})" for each in figures) or "–"
        aim = "–" if row is None or row.aim is None else f"{row.aim:g}"
        if result is None:
            assert row is not None
            cells = [DATA[row.set], described(row), "–", MISSING, *["–"] * 4, published, aim, MISSING, "–"]
        else:
            reached = "–" if row is None or row.aim is None else result.reached(row.aim)
            cells = [DATA[result.set], result.trained_on, result.tested_on, result.mean("mae"), result.each_draw]
            cells += [result.mean("bias", "+.2f"), result.mean("total_relative_error", ".3f"), result.otherwise]
            cells += [published, aim, reached, result.made_by]
        lines.append(cells)
    return table(COUNTING, lines)


def described(row: Row) -> str:
    """What a row that nobody has run would be trained on."""
    kind = {"points": "", "counts": ", their counts alone", "mixed": ", points or counts"}[row.annotation]
    return f"{row.train} images{kind}{', after drawn cells' if row.pretrained else ''}"


def option_table(results: list[Result]) -> str:
    """The rows of `option_rows`, and test-time flips of every baseline that has been counted both ways."""
    lines, baselines = [], {}
    for variant, baseline, result in option_rows(results):
        name, about = f"`{variant}`", VARIANTS[variant].about
        if result is None:
            lines.append([name, about, "–", MISSING, "–", "–", "–"])
            continue
        without, difference = MISSING, MISSING
        if baseline is not None:
            without, difference = baseline.mean("mae"), result.difference(baseline)
            baselines[baseline.name] = baseline
        lines.append([name, about, result.measured_on, result.mean("mae"), without, difference, result.made_by])
    for each in baselines.values():
        with_flips, without, difference = each.flips()
        about = "the mean over all eight turns and mirror images, of the same weights"
        lines.append(["test-time flips", about, each.measured_on, with_flips, without, difference, each.made_by])
    return table(OPTIONS, lines)


def counting_commands(results: list[Result]) -> str:
    """The command of every row of the first table."""
    lines = []
    for row, result in counting_rows(results):
        if result is not None:
            lines += result.command_lines
        elif row is not None:
            budget = f"--draws 3 --minutes {MINUTES:g} --annotation {row.annotation}"
            pretrain = f" --pretrain {PRETRAINING_MINUTES:g}" if row.pretrained else ""
            lines += unmeasured(f"--set {row.set} --train {row.train} {budget}{pretrain}")
    return block(lines)


def option_commands(results: list[Result]) -> str:
    """The command of every row of the second table, the baselines first."""
    rows = option_rows(results)
    baselines = {baseline.name: baseline for _, baseline, _ in rows if baseline is not None}
    lines = [line for each in baselines.values() for line in each.command_lines]
    for variant, _, result in rows:
        data, number = OPTIONS_ON.get(variant, OPTIONS_ELSE)
        wanted = f"--set {data} --train {number} --draws 3 --minutes {MINUTES:g} --variant {variant}"
        lines += result.command_lines if result is not None else unmeasured(wanted)
    return block(lines)


def unmeasured(arguments: str) -> list[str]:
    """How to run a row that nobody has run."""
    return [f"# {MISSING}", command(parse(["--data", "data", *arguments.split()]))]


TABLES = {
    "counting table": counting_table,
    "counting commands": counting_commands,
    "option table": option_table,
    "option commands": option_commands,
}


EVERY_PLACE = (
    *(*TABLES, *PLACES, *TRANSFER_PLACES, *LABEL_PLACES, *PHASE_PLACES),
    *(*VOLUME_PLACES, *SLIDE_PLACES, *TIMELAPSE_PLACES, *SPEED_PLACES, *LEAN_PLACES),
    *(*ACTIVE_PLACES, *INTERVAL_PLACES, *FLAG_PLACES, *APP_PLACES),
)


def page(words: str, folder: Path) -> str:
    """The whole page: `words` with every table of the results in `folder` in its place."""
    places = PLACE.findall(words)
    if sorted(places) != sorted(EVERY_PLACE):
        raise ValueError(
            f"{WORDS.name} has to have a place for each of {', '.join(EVERY_PLACE)}, once; it has {places}"
        )
    results = read_results(folder)
    made = {name: make(results) for name, make in TABLES.items()}
    sections = (texts, transfer_texts, labels_texts, phase_texts, volumes_texts, slide_texts, speed_texts, lean_texts)
    for section in (*sections, timelapse_texts, active_choice_texts, intervals_texts, flags_texts, app_texts):
        made |= section(folder)
    return NOTE + PLACE.sub(lambda match: made[match[1]], words)


def main(arguments: list[str] | None = None) -> int:
    """Write the page, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page would change")
    check = parser.parse_args(arguments).check
    text = page(WORDS.read_text(encoding="utf-8"), RESULTS)
    curve, picture = curve_of(read_few_labels(RESULTS / "few-labels")), PAGE.parent / PICTURE
    if not check:
        write_text(PAGE, text)
        if is_measured(curve):
            draw_curve(curve, picture)
        draw_all(RESULTS, PAGE.parent / "images")
        draw_phase(RESULTS, PAGE.parent / "images")
        return 0
    same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
    if same and (picture.is_file() or not is_measured(curve)):
        return 0
    print(f"{PAGE}: is not what the results say; run python benchmarks/report.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
