"""The section on volumes of docs/benchmarks.md: tables of what volumes.py and its neighbours wrote."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from labels_page import read_json
from published import SEGMENTATIONS
from result import MISSING, block, machine_in_words, summarise, table
from volumes_drawn import TRAIN
from volumes_result import Results, Values, Volumes, answer, found_of, lines_of, not_measured, origin, read_volumes
from volumes_rows import DECODERS, context_rows, decoder_rows, kind_rows, real_row, row_name
from volumes_speed_table import speed_table

GAIN, AIMED_AT = 0.10, ("mda231", "tric")
"""How far above the classical baseline SEG shall be, and for which kinds."""
REAL_AIM, DECODER_AIM = 0.60, 0.02

OBJECTS = {
    "linked": "parted in slices, linked",
    "volume": "parted in the volume",
    "slices": "slice by slice, not joined",
}
KEYS = ("seg", "det", "mean_iou", "peseg", "parameters")
HEAD = ("SEG", "DET", "Mean IoU", "PESEG", "Parameters")
CLASSICAL = "python benchmarks/volumes_classical.py"
CONTEXT_KINDS = ("mda231", "tric")
CONTEXTS = {"pseudocolours": "pseudocolours", "copies": "three copies of the slice"}

DECODER_PARAMETERS = {"small": 1_063_553, "medium": 1_962_689, "large": 11_933_057}
PAPERS_PARAMETERS = {"small": "–", "medium": "4.8 M", "large": "12.5 M"}


def other_rows(results: Results, kind: str) -> list[Namespace]:
    """Rows of a kind with both its networks, whose settings are not those of the first table."""
    usual = row_name(kind_rows()[kind])
    others = [each.options for name, each in results.items() if name != usual]
    return [options for options in others if options.kind == kind and not options.mask]


def changes(options: Namespace) -> str:
    """What a row has otherwise than the row of its kind in the first table; nothing for that one."""
    number = [f"{options.volumes} drawn volumes"] if options.volumes != len(TRAIN) else []
    return "".join(f", {each}" for each in [*number, *(f"`{setting}`" for setting in options.settings)])


def seg_aim(kind: str, classical: Values) -> float | None:
    """What SEG shall reach, by what the classical baseline has."""
    return classical["kinds"][kind]["test"]["seg"] + GAIN if classical and kind in AIMED_AT else None


def baseline_cells(kind: str, classical: Values) -> list[str]:
    """The classical baseline's figures."""
    if not classical:
        return not_measured(KEYS)
    found = classical["kinds"][kind]["test"]
    return [f"{found['seg']:.3f}", f"{found['det']:.3f}", f"{found['mean_iou']:.4f}", "–", "–"]


def reached(found: Volumes | None, aim: float | None, objects: str) -> str:
    """Whether SEG is as high as aimed at."""
    seg = None if found is None else found.mean("seg", objects)
    return answer(None if seg is None or aim is None else seg >= aim)


def kind_table(results: Results, classical: Values) -> str:
    """Table 1: each kind by the classical baseline and by EfficientCellSeg, and what is published of its data set."""
    head = ("Drawn volumes", "Segmented by", *HEAD, "SEG aimed at", "Reached", "Published SEG, **other images**")
    lines = []
    for kind, row in kind_rows().items():
        aim = seg_aim(kind, classical)
        made = f"{machine_in_words(classical['machine'])}, nothing to train" if classical else "–"
        lines.append([kind, "the classical baseline", *baseline_cells(kind, classical), *["–"] * 3, made])
        published = f"{SEGMENTATIONS[kind][0].seg:.3f}" if kind in SEGMENTATIONS else "–"
        aim_in_words = "–" if kind not in AIMED_AT else MISSING if aim is None else f"{aim:.3f}"
        for options in (row, *other_rows(results, kind)):
            found = found_of(results, options)
            for objects, words in OBJECTS.items():
                cells = not_measured(KEYS) if found is None else found.cells(KEYS, objects)
                made = "–" if found is None else found.trained
                name = f"EfficientCellSeg, {words}{changes(options)}"
                told = reached(found, aim, objects) if kind in AIMED_AT else "–"
                lines.append([kind, name, *cells, aim_in_words, told, published, made])
    rows = [each for kind, row in kind_rows().items() for each in (row, *other_rows(results, kind))]
    commands = block([origin(classical, "volumes-classical"), CLASSICAL, *lines_of(results, rows)])
    return f"{table((*head, 'Made by'), lines)}\n\n{commands}"


def published_table() -> str:
    """What is published of the three data sets, with PESEG by our formula."""
    lines = [
        [each.data, each.method, f"{each.seg:.3f}", f"{each.millions:.1f} M", f"{each.peseg:.4f}"]
        for figures in SEGMENTATIONS.values()
        for each in figures
    ]
    return table(("Data set", "Method", "SEG, published", "Parameters, published", "PESEG, by our formula"), lines)


def real_rows(results: Results) -> list[Namespace]:
    """What the real volume is tested with: the kind's own row, that of more volumes, and others that have been."""
    first = [kind_rows()["nuclei-3d"], real_row()]
    names = [row_name(row) for row in first]
    others = [row for row in other_rows(results, "nuclei-3d") if row_name(row) not in names]
    return first + [row for row in others if any(f"real {each}" in results[row_name(row)].runs[0] for each in OBJECTS)]


def real_table(results: Results) -> str:
    """The real volume of nuclei, by models that have seen drawn ones alone."""
    lines, rows = [], real_rows(results)
    for row in rows:
        found = found_of(results, row)
        trained = changes(row).removeprefix(", ") or f"{row.volumes} drawn volumes, as above"
        for objects, words in OBJECTS.items():
            cells = not_measured(KEYS) if found is None else found.cells(KEYS, f"real {objects}")
            made = "–" if found is None else found.trained
            told = reached(found, REAL_AIM, f"real {objects}")
            lines.append([trained, words, *cells, f"{REAL_AIM:.2f}", told, made])
    text = table(("Trained on", "Objects", *HEAD, "SEG aimed at", "Reached", "Made by"), lines)
    return f"{text}\n\n{block(lines_of(results, rows))}"


def context_table(results: Results) -> str:
    """What the network sees of the neighbours: pseudocolours, or nothing."""
    keys = ("mean_iou", "seg")
    lines: list[list[str]] = []
    rows: list[Namespace] = []
    for kind in CONTEXT_KINDS:
        pair = {context: found_of(results, row) for context, row in context_rows(kind).items()}
        ours, copies = pair["pseudocolours"], pair["copies"]
        above = ours.above(copies) if ours and copies else []
        told = [summarise(above, "+.4f"), answer(sum(above) > 0)] if above else [MISSING, MISSING]
        for context, found in pair.items():
            cells = not_measured(keys) if found is None else found.cells(keys)
            gain = told if context == "pseudocolours" else ["–", "–"]
            lines.append([kind, CONTEXTS[context], *cells, *gain, "–" if found is None else found.trained])
        rows += context_rows(kind).values()
    head = ("Drawn volumes", "The network sees", "Mean IoU", "SEG", "Mean IoU above the copies'", "Higher", "Made by")
    return f"{table(head, lines)}\n\n{block(lines_of(results, rows))}"


def decoder_table(results: Results) -> str:
    """Table 2: three decoders."""
    keys = ("mean_iou", "seg", "parameters")
    lines, means = [], []
    for name, row in decoder_rows().items():
        found = found_of(results, row)
        cells = not_measured(keys) if found is None else found.cells(keys)
        facts = ["–", "–"] if found is None else [found.minutes, found.trained]
        means += [] if found is None or (mean := found.mean("mean_iou")) is None else [mean]
        decoder = [f"[{DECODERS[name].replace(',', ', ')}]", f"{DECODER_PARAMETERS[name]:,}", PAPERS_PARAMETERS[name]]
        lines.append([*decoder, cells[0], "–", *cells[1:], *facts])
    if len(means) == len(DECODERS):
        apart = max(means) - min(means)
        told = [f"{apart:.4f}", f"at most {DECODER_AIM}: {answer(apart <= DECODER_AIM)}"]
    else:
        told = [MISSING, f"at most {DECODER_AIM}"]
    lines.append(["highest minus lowest", "–", "–", *told, *["–"] * 4])
    head = ("Decoder", "Its parameters", "Its parameters, published", "Mean IoU", "Aim", "SEG", "All parameters")
    text = table((*head, "Minutes of training", "Made by"), lines)
    return f"{text}\n\n{block(lines_of(results, [*decoder_rows().values()]))}"


PLACES = ("volume kinds", "volume published", "volume real", "volume context", "volume decoders", "volume speed")


def volumes_texts(folder: Path) -> dict[str, str]:
    """What stands in each place of the page, by the results in `folder`."""
    results, classical = read_volumes(folder / "volumes"), read_json(folder / "volumes-classical.json")
    made = (
        kind_table(results, classical),
        published_table(),
        real_table(results),
        context_table(results),
        decoder_table(results),
        speed_table(folder),
    )
    return dict(zip(PLACES, made, strict=True))
