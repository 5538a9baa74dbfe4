"""One peer of cytally, run in its own environment by peers.py: it needs nothing but the peer and what that brings.

Told `go` on standard input, it counts all images and answers with a line of JSON behind an `@`; whatever else appears
on standard output is the peer's own.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import sys
import time

PEERS = ("stardist", "cellpose")
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


class Timed:
    """A function that adds up how long its calls take, by the clock and of the processor."""

    def __init__(self, function):
        self.function, self.seconds, self.processor = function, 0.0, 0.0

    def __call__(self, *arguments, **named):
        started, before = time.perf_counter(), time.process_time()
        try:
            return self.function(*arguments, **named)
        finally:
            self.seconds += time.perf_counter() - started
            self.processor += time.process_time() - before


class StarDist:
    """StarDist's network for nuclei, `2D_versatile_fluo`: 32 rays on a grid of 2 × 2."""

    packages = ("stardist", "tensorflow", "tensorflow-cpu", "keras", "numpy")

    def __init__(self, threads, untrained):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow
        from csbdeep.utils import normalize
        from stardist.models import Config2D, StarDist2D

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        self.normalize, self.model = normalize, None
        self.weights = "untrained"
        if not untrained:
            try:
                self.model = StarDist2D.from_pretrained("2D_versatile_fluo")
                self.weights = "published, 2D_versatile_fluo"
            except Exception as error:  # noqa: BLE001 - what keeps it from being downloaded has many names
                self.weights = f"untrained, the published ones could not be downloaded ({type(error).__name__})"
        if self.model is None:
            self.model = StarDist2D(Config2D(n_rays=32, grid=(2, 2), n_channel_in=1), name=None, basedir=None)
        self.trained = self.weights.startswith("published")
        self.network = Timed(self.model.keras_model.predict)
        self.model.keras_model.predict = self.network

    def count(self, image):
        """Cells in an image (Y, X), or None where nothing is read from the network's maps."""
        seen = self.normalize(image, 1, 99.8)
        if not self.trained:
            self.model.predict(seen, verbose=0)
            return None
        return int(self.model.predict_instances(seen, predict_kwargs={"verbose": 0})[0].max())


class Cellpose:
    """Cellpose's network for nuclei, shown images at their own size."""

    packages = ("cellpose", "torch", "numpy")
    diameter = 17.0
    """Of the nuclei that the published network was trained on, in pixels."""

    def __init__(self, threads, untrained):
        import torch
        from cellpose import models

        torch.set_num_threads(threads)
        self.model, self.weights = None, "untrained"
        if not untrained:
            try:
                self.model = models.CellposeModel(gpu=False, model_type="nuclei")
                self.weights = "published, nuclei"
            except Exception as error:  # noqa: BLE001 - as above
                self.weights = f"untrained, the published ones could not be downloaded ({type(error).__name__})"
        if self.model is None:
            self.model = models.CellposeModel(gpu=False, pretrained_model=False, diam_mean=self.diameter)
        self.trained = self.weights.startswith("published")
        self.network = Timed(models.run_net)
        models.run_net = self.network

    def count(self, image):
        """As above."""
        found = self.model.eval(image, channels=[0, 0], diameter=self.diameter, compute_masks=self.trained)
        return int(found[0].max()) if self.trained else None


def run(peer, paths):
    """Count all images; what it took."""
    import tifffile

    peer.network.seconds = peer.network.processor = 0.0
    started, processor, counts, pixels = time.perf_counter(), time.process_time(), [], 0
    for path in paths:
        image = tifffile.imread(path).squeeze()
        pixels += image.size
        counts.append(peer.count(image))
    return {
        "network": peer.network.seconds,
        "network_processor": peer.network.processor,
        "end_to_end": time.perf_counter() - started,
        "processor": time.process_time() - processor,
        "megapixels": pixels / 1e6,
        "counts": counts,
    }


def answer(values):
    print("@" + json.dumps(values), flush=True)


def versions(names):
    found = {"python": sys.version.split()[0]}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("images", nargs="+")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--untrained", action="store_true")
    options = parser.parse_args()
    os.environ.update(dict.fromkeys(THREADS, str(options.threads)))  # before anything reads them
    try:
        peer = {"stardist": StarDist, "cellpose": Cellpose}[options.peer](options.threads, options.untrained)
    except ImportError as error:
        answer({"error": f"{options.peer} is not installed, or not whole: {error.name} is missing"})
        return
    answer({"weights": peer.weights, "read_out": peer.trained, "versions": versions(peer.packages)})
    for line in sys.stdin:
        if line.strip() != "go":
            return
        answer(run(peer, options.images))


if __name__ == "__main__":
    main()
