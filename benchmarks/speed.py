"""How much faster the network runs in its fastest torch setting than in plain eager float32, and what it costs.

    python benchmarks/speed.py [--side 1024] [--rounds 3] [--model nuclei-fluorescence]

Both settings take turns within one run, so that a busy machine slows both. Prints the ratio of the medians, and the
largest relative difference of the counts over the bundled sample images and the image that is timed.
"""

from __future__ import annotations

import argparse
import copy
import json
import statistics
import time

import numpy as np
import torch

from cytally.images.prepare import prepare
from cytally.images.read import read
from cytally.inference.torch_backend import TorchBackend
from cytally.models.store import load
from cytally.samples import sample_folder
from cytally.tasks.provenance import provenance


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="nuclei-fluorescence")
    options = parser.parse_args()
    model = load(options.model)
    plain = copy.deepcopy(model.network).eval()
    fast = TorchBackend(model.network, torch.device("cpu"))
    samples = [
        plane
        for path in sorted((sample_folder() / "images").iterdir())
        for image in read(path)
        for plane in image.planes()
    ]
    prepared = [prepare(plane, model.card.configuration.input).data for plane in samples]
    crowded = max(prepared, key=lambda data: model.method.read(fast(data)).count)
    repeats = -(-options.side // min(crowded.shape[-2:]))
    big = np.ascontiguousarray(np.tile(crowded, (1, repeats, repeats))[:, : options.side, : options.side])

    def run_plain(data: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return plain(torch.from_numpy(data)[None])[0].numpy()

    def clock(run, data: np.ndarray) -> tuple[float, float]:  # type: ignore[no-untyped-def]
        start = time.perf_counter()
        output = run(data)
        return time.perf_counter() - start, model.method.read(output).count

    clock(fast, big), clock(run_plain, big)
    rounds = [(clock(run_plain, big), clock(fast, big)) for _ in range(options.rounds)]
    differences = [
        abs(model.method.read(fast(data)).count / count - 1)
        for data in [*prepared, big]
        if (count := model.method.read(run_plain(data)).count) > 1
    ]
    seconds = [statistics.median(each[place][0] for each in rounds) for place in (0, 1)]
    result = {
        "side": options.side,
        "eager_float32_seconds": round(seconds[0], 3),
        "fastest_torch_seconds": round(seconds[1], 3),
        "precision": str(fast.dtype).removeprefix("torch."),
        "ratio": round(seconds[0] / seconds[1], 2),
        "largest_count_difference": round(max(differences), 5),
        "threads": torch.get_num_threads(),
        "made_by": provenance(),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
