"""The section on transfer of docs/benchmarks.md: tables of what transfer.py wrote."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path

from result import MISSING, block, table
from transfer_result import Transfer, cell_of, read_transfers
from transfer_rows import (
    ALL,
    DECODER_WEIGHTS,
    DIRECTIONS,
    HYPERPARAMETERS,
    NAMES,
    RATIOS,
    STEPS,
    STRATEGIES,
    all_rows,
    baseline_row,
    budget_rows,
    command,
    decoder_rows,
    hyperparameter_rows,
    ratio_rows,
    row_name,
    strategy_rows,
    wanted,
)

Results = dict[str, Transfer]
FIFTH, MOST_LOST = STEPS // 5, 1.15
PICTURES = {
    "directions": "Error in each direction, from scratch and carried over",
    "steps": "Error by the number of steps, from scratch and carried over",
    "strategies": "Error by strategy",
    "decoder": "Error by the weight of the reconstruction",
    "ratio": "Error by the number of drawn images per natural one",
    "hyperparameters": "Error when one setting is changed at a time",
    "error-by-count": "Error by true count, from scratch and carried over",
    "umap": "Latent vectors before and after the transfer",
}
"""Each picture of the section, as images/transfer-NAME.png, and what it shows."""


def picture(name: str) -> str:
    """A picture as Markdown, from the page's folder."""
    return f"![{PICTURES[name]}](images/transfer-{name}.png)"


def with_picture(name: str, results: Results, rows: Iterable[Namespace], text: str) -> str:
    """A table below its picture, where any of its rows is measured."""
    return f"{picture(name)}\n\n{text}" if any(row_name(row) in results for row in rows) else text


def direction_rows(here: str, there: str) -> dict[str, Namespace]:
    """What is compared in one direction."""
    return {
        "scratch": wanted(there),
        "carried": wanted(there, here),
        "fifth": wanted(there, here, steps=FIFTH),
        "all": wanted(there, labelled=ALL),
    }


def direction_table(results: Results) -> str:
    """Each direction: the source as it is, from scratch, carried over, in a fifth of the steps, and with all labels."""
    head = (
        "From",
        "To",
        "The source as it is",
        "From scratch",
        "Carried over",
        f"Carried over, {FIFTH} steps",
        "From scratch, all labels",
        "A fifth of the steps",
        "Equal steps",
        "A tenth of the labels",
        "Made by",
    )
    lines = []
    for here, there in DIRECTIONS:
        rows = direction_rows(here, there)
        found = {name: results.get(row_name(row)) for name, row in rows.items()}
        carried = found["carried"]
        untouched = carried.cell(block="untouched") if carried else MISSING
        cells = [cell_of(results, rows[name]) for name in ("scratch", "carried", "fifth", "all")]
        verdicts = [
            compared(found["fifth"], found["scratch"], 1.0, "reached", "not reached"),
            compared(carried, found["scratch"], 1.0, "lower", "not lower"),
            compared(carried, found["all"], MOST_LOST, "within 15 %", "more is lost"),
        ]
        made_by = carried.made_by if carried else "–"
        lines.append([NAMES[here], NAMES[there], untouched, *cells, *verdicts, made_by])
    rows = [row for here, there in DIRECTIONS for row in direction_rows(here, there).values()]
    return with_picture("directions", results, rows, table(head, lines))


def compared(one: Transfer | None, other: Transfer | None, most: float, yes: str, no: str) -> str:
    """The error of `one` over that of the `other`, and whether it is at most `most`."""
    if one is None or other is None:
        return MISSING
    share = one.mae() / other.mae()
    return f"{yes if share <= most else no} ({share:.2f})"


def strategy_table(results: Results) -> str:
    """Strategies, and the order in which they come out."""
    rows = dict(zip(STRATEGIES, strategy_rows(), strict=True))
    lines = [
        [f"`{name}`", cell_of(results, row), cell_of(results, row, "accuracy", ".3f")] for name, row in rows.items()
    ]
    found = {name: results[row_name(row)].mae() for name, row in rows.items() if row_name(row) in results}
    order = " < ".join(f"`{name}`" for name in sorted(found, key=lambda name: found[name]))
    said = f"From the least error to the largest: {order}." if len(found) == len(rows) else ""
    text = f"{table(('Strategy', 'MAE', 'Accuracy'), lines)}\n\n{said}".rstrip()
    return with_picture("strategies", results, rows.values(), text)


def decoder_table(results: Results) -> str:
    """Weights of the reconstruction, and the time that none saves."""
    lines = []
    for weight, row in zip(DECODER_WEIGHTS, decoder_rows(), strict=True):
        found = results.get(row_name(row))
        words = f"{weight:g}" + (", the decoder is off" if weight == 0 else "")
        lines.append([words, cell_of(results, row), *(found.step_shares if found else ("–", "–"))])
    head = (
        "`options.reconstruction_weight`",
        "MAE",
        "Time of a step, over the mean with the decoder",
        "Over a step that decodes",
    )
    return with_picture("decoder", results, decoder_rows(), table(head, lines))


def ratio_table(results: Results) -> str:
    """Drawn images per natural one."""
    pairs = zip(RATIOS, ratio_rows(), strict=True)
    lines = [[f"{ratio:g}", cell_of(results, row), cell_of(results, row, "accuracy", ".3f")] for ratio, row in pairs]
    return with_picture("ratio", results, ratio_rows(), table(("`drawn.ratio`", "MAE", "Accuracy"), lines))


def hyperparameter_table(results: Results) -> str:
    """One setting changed at a time; the middle value is the usual one."""
    lines, groups = [], hyperparameter_rows()
    for name, rows in groups.items():
        values = HYPERPARAMETERS[name]
        cells = [f"{value:g}: {cell_of(results, row)}" for value, row in zip(values, rows, strict=True)]
        lines.append([f"`{name}`", *cells])
    text = table(("Setting", "Less: MAE", "Usual: MAE", "More: MAE"), lines)
    return with_picture("hyperparameters", results, (row for group in groups.values() for row in group), text)


def step_table(results: Results) -> str:
    """Budgets, each a run of its own."""
    rows = budget_rows()
    steps = [str(row.steps) for row in next(iter(rows.values()))]
    lines = [[name, *(cell_of(results, row) for row in each)] for name, each in rows.items()]
    text = table(("MAE after steps:", *steps), lines)
    return with_picture("steps", results, (row for group in rows.values() for row in group), text)


def baseline_table(results: Results) -> str:
    """BiT beside the Twin-VAE on what the settings are compared on."""
    rows = {"`bit`, from scratch": baseline_row()}
    here, there = DIRECTIONS[2]
    rows |= {"`twin-vae`, from scratch": wanted(there), "`twin-vae`, carried over": wanted(there, here)}
    lines = []
    for words, row in rows.items():
        found = results.get(row_name(row))
        measures = [
            cell_of(results, row, key, form) for key, form in (("mae", ".2f"), ("mre", ".3f"), ("accuracy", ".3f"))
        ]
        lines.append([words, *measures, f"{row.steps}", found.made_by if found else "–"])
    return table(("Method", "MAE", "MRE", "Accuracy", "Steps", "Made by"), lines)


def count_picture(results: Results) -> str:
    """The error by true count, of which there is no table."""
    return with_picture("error-by-count", results, direction_rows(*DIRECTIONS[2]).values(), "").strip() or MISSING


def commands(results: Results) -> str:
    """The command of every row, measured or not."""
    lines = []
    for row in all_rows():
        found = results.get(row_name(row))
        lines += found.command_lines if found else [f"# {MISSING}", command(row)]
    return block(lines)


TABLES = {
    "transfer directions": direction_table,
    "transfer steps": step_table,
    "transfer strategies": strategy_table,
    "transfer decoder": decoder_table,
    "transfer ratio": ratio_table,
    "transfer hyperparameters": hyperparameter_table,
    "transfer error by count": count_picture,
    "transfer baseline": baseline_table,
    "transfer commands": commands,
}


LATENT, UMAP = "transfer-latent.json", "transfer umap"
PLACES = (*TABLES, UMAP)


def transfer_texts(folder: Path) -> dict[str, str]:
    """What stands in each place of the page, by the results in `folder`."""
    results = read_transfers(folder / "transfer")
    latent = picture("umap") if (folder / LATENT).is_file() else MISSING
    return {name: make(results) for name, make in TABLES.items()} | {UMAP: latent}
