"""The section on speed of docs/benchmarks.md: tables of what back_ends.py, peers.py and small_images.py wrote."""

from __future__ import annotations

from pathlib import Path

from labels_page import read_json
from result import MISSING, block, machine_in_words, table
from volumes_result import Values, answer, origin

NETWORKS = {
    "density": "density U-Net",
    "nucleus-unet": "nucleus U-Net, 64 filters",
    "efficient-cell-seg": "EfficientCellSeg",
}
WANTED = {
    ("density", "openvino bfloat16"): 5.0,
    ("nucleus-unet", "openvino bfloat16"): 4.0,
    ("efficient-cell-seg", "openvino bfloat16"): 4.0,
}
"""Times faster than plain torch."""
QUANTISED, QUANTISED_DIFFERENCE = "openvino int8", 0.01
"""The density network has to be faster still with it, and its counts may differ by so much."""
PLAIN = "plain float32"
BACK_ENDS, PEERS = "python benchmarks/back_ends.py", "python benchmarks/peers.py --python PEERS/bin/python"
SMALL = "python benchmarks/small_images.py"
PEER_NAMES = {"stardist": "StarDist, `2D_versatile_fluo`", "cellpose": "Cellpose 3, `nuclei`"}

Line = list[str]


def made_on(values: Values) -> str:
    """Processor, threads and load, in words."""
    machine = values["machine"]
    load = "" if machine["load"] is None else f", load before it {machine['load']:.1f}"
    return f"{machine['processor']}, {machine_in_words(machine)}{load}"


def versions(values: Values, names: tuple[str, ...]) -> str:
    """Versions of packages, in words; those that were not there are left out."""
    found = values["machine"]["versions"]
    return ", ".join(f"{name} {found[name]}" for name in names if name in found)


def back_end_line(network: str, name: str, found: Values) -> Line:
    """One back end of one network."""
    wanted = WANTED.get((network, name))
    quantised = (network, name) == ("density", QUANTISED)
    aim = f"{wanted:g} times" if wanted else "faster than bfloat16, counts within 1 %" if quantised else "–"
    row = found.get("rows", {}).get(name)
    if row is None:
        why = found.get("missing", {}).get(name)
        about = MISSING if why is None else f"{MISSING}: {why}"
        return [NETWORKS[network], name, MISSING, "–", "–", aim, MISSING if aim != "–" else "–", about]
    ratio, difference = row["ratio"], row["largest_count_difference"]
    reached = None if wanted is None else ratio >= wanted
    if quantised and "openvino bfloat16" in found["rows"]:
        faster = ratio > found["rows"]["openvino bfloat16"]["ratio"]
        reached = faster and difference is not None and difference <= QUANTISED_DIFFERENCE
    return [
        NETWORKS[network],
        f"{name.split()[0]} {row['precision']}",
        f"{ratio:.2f} ({row['ratio_by_processor']:.2f} by seconds of the processor)",
        "–" if difference is None else f"{difference:.2%}",
        f"{row['dice']:.4f}",
        aim,
        "–" if aim == "–" else answer(reached),
        f"{' × '.join(map(str, found['shape']))}; {found['network']}; {made_on(found)}",
    ]


def back_end_table(found: Values) -> str:
    """Every network by every back end, those aimed at first to be there."""
    head = ("Network", "Back end", "Times faster than plain float32 torch", "Counts differ at most", "Dice of maps")
    networks = found.get("networks", {})
    lines = []
    for network in NETWORKS:
        values = networks.get(network, {})
        expected = [name for wanted, name in WANTED if wanted == network]
        expected += [QUANTISED] if network == "density" else []
        known = [*values.get("rows", {}), *values.get("missing", {})]
        names = [name for name in known if name != PLAIN]
        names += [name for name in expected if name not in names]
        lines += [back_end_line(network, name, values) for name in names]
    commands = []
    for network in NETWORKS:
        values = networks.get(network)
        made = None if values is None else {"commit": values["commit"], "made_by": {"created": values["created"]}}
        commands += [origin(made or {}, f"back-ends, {network}"), f"{BACK_ENDS} --only {network}"]
    told = {versions(values, ("torch", "openvino", "onnxruntime", "nncf")) for values in networks.values()}
    return "\n\n".join(
        [table((*head, "Aim", "Reached", "Made by"), lines), *sorted(each for each in told if each), block(commands)]
    )


def peer_table(found: Values) -> str:
    """Seconds per megapixel of cytally and its peers."""
    head = ("Program", "Weights", "Network alone, s per megapixel", "End to end, s per megapixel")
    head = (*head, "End to end over StarDist's network alone", "Aim", "Reached", "Made by")
    rows, missing = found.get("rows", {}), found.get("missing", {})
    names = [name for name in rows if name not in PEER_NAMES] or ["nuclei-fluorescence"]
    lines = []
    for name in (*names, *PEER_NAMES):
        ours = name not in PEER_NAMES
        words = f"cytally, `{name}`" if ours else PEER_NAMES[name]
        aim = f"at most {found['aim']:g}" if ours and found else "at most 0.5" if ours else "–"
        row = rows.get(name)
        if row is None:
            why = f": {missing[name]}" if name in missing else ""
            lines.append([words, "–", MISSING, MISSING, MISSING, aim, MISSING if ours else "–", f"{MISSING}{why}"])
            continue
        over, by_processor = row["over_stardist_network"], row["over_stardist_network_by_processor"]
        reached = None if over is None else over <= found["aim"]
        whole = f"{row['end_to_end_seconds_per_megapixel']:.3f}"
        about = f"{row['backend']}, {row['parameters']:,} parameters" if ours else made_with(row)
        lines.append(
            [
                words,
                row["weights"],
                f"{row['network_seconds_per_megapixel']:.3f}",
                whole if row["read_out"] else f"{whole}, nothing being read from the maps",
                MISSING if over is None else f"{over:.2f} ({by_processor:.2f} by seconds of the processor)",
                aim,
                answer(reached) if ours else "–",
                f"{about}; {made_on(found)}",
            ]
        )
    return f"{table(head, lines)}\n\n{block([origin(found, 'peers'), PEERS])}"


def made_with(row: Values) -> str:
    """A peer's versions, in words."""
    return ", ".join(f"{name} {version}" for name, version in row["versions"].items())


STAGES = {
    "network": "the network",
    "decode": "reading and decoding",
    "normalise": "normalising, estimating the cells' diameter, resizing",
    "compile": "compiling the network",
    "pictures": "overlays and thumbnails",
    "maps": "writing density maps",
    "tables": "tables",
    "report": "the report",
}


def small_table(found: Values) -> str:
    """Where the time of many small images goes."""
    head = ("What", "Measured", "Aim", "Reached", "Made by")
    share = "share of the time in which a file was being decoded or the network was running"
    if not found:
        lines = [[share, MISSING, "at least 90 %", MISSING, "–"]]
        return f"{table(head, lines)}\n\n{block([origin({}, 'small-images'), SMALL])}"
    made = f"{found['images']:,} images of {found['side']} × {found['side']}, {found['model']} by {found['backend']} "
    made += f"{found['precision']}; {made_on(found)}"
    lines = [
        [share, f"{found['share']:.1%}", f"at least {found['aim']:.0%}", answer(found["share"] >= found["aim"]), made],
        ["the same, normalising included", f"{found['share_with_normalising']:.1%}", "–", "–", made],
        ["milliseconds per image", f"{1000 * found['seconds'] / found['images']:.1f}", "–", "–", made],
    ]
    for name, seconds in found["seconds_of"].items():
        words = f"milliseconds per image: {STAGES.get(name, name)}"
        lines.append([words, f"{1000 * seconds / found['images']:.1f}", "–", "–", "all threads together"])
    return f"{table(head, lines)}\n\n{block([origin(found, 'small-images'), SMALL])}"


PLACES = ("back ends", "peers", "small images")


def speed_texts(folder: Path) -> dict[str, str]:
    """What stands in each place of the page, by the results in `folder`."""
    found = [read_json(folder / f"{name}.json") for name in ("back-ends", "peers", "small-images")]
    made = (make(each) for make, each in zip((back_end_table, peer_table, small_table), found, strict=True))
    return dict(zip(PLACES, made, strict=True))
