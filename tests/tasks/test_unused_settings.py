"""Settings without effect are named, and settings with one are not."""

import pytest

from cytally.tasks.unused_settings import unused_settings
from cytally.training.configuration import make_configuration


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"method": "density"}, []),
        ({"method": "density", "training": {"crop": 64, "context": 8}, "augmentation": {"mosaic": 0.5}}, []),
        ({"method": "density", "training": {"labelled_share": 0.5}}, ["training.labelled_share"]),
        ({"method": "density", "drawn": {"preset": "bacteria"}}, ["drawn.preset"]),
        ({"method": "density", "drawn": {"preset": "bacteria", "ratio": 1}}, []),
        ({"method": "twin-vae"}, []),
        ({"method": "twin-vae", "training": {"crop": 64}}, ["training.crop"]),
        (
            {"method": "twin-vae", "drawn": {"ratio": 0, "settings": {"blur": 1}}, "options": {"cross_weight": 1}},
            ["options.cross_weight", "drawn.settings.blur"],
        ),
        ({"method": "nucleus-unet"}, []),
        (
            {
                "method": "nucleus-unet",
                "training": {"crop": 64, "judge_by": "count"},
                "augmentation": {"shift": 0.2, "shear": 5, "mix": 0.3, "rotation": 90, "mosaic": 0.5},
            },
            [],
        ),
        ({"method": "density", "training": {"judge_by": "loss"}}, []),
        ({"method": "twin-vae", "training": {"judge_by": "loss"}}, ["training.judge_by"]),
        (
            {"method": "density", "augmentation": {"shift": 0.2, "shear": 5, "mix": 0.3, "rotation": 9}},
            ["augmentation.shift", "augmentation.shear", "augmentation.mix"],
        ),
        ({"method": "watershed", "training": {"validation": 3, "steps": 9}}, ["training.steps"]),
    ],
    ids=str,
)
def test_what_changes_nothing_is_named(values, named):
    notes = unused_settings(make_configuration(values))
    assert len(notes) == bool(named)
    assert not named or set(notes[0].rpartition(": ")[2].rstrip(".").split(", ")) == set(named)
