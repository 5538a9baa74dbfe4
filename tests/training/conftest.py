"""What tests of training share: a run that is interrupted."""

from __future__ import annotations

import pytest


@pytest.fixture
def stop_at():
    """``run(on_progress=stop_at(7))`` ends with KeyboardInterrupt before the seventh step, as by Ctrl-C."""

    def interrupt(step: int):
        def watch(progress) -> None:
            if progress.step == step:
                raise KeyboardInterrupt

        return watch

    return interrupt
