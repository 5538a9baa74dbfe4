"""How every benchmark that takes long ends when it cannot go on, or is stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable

from cytally.errors import CytallyError


def run_script(main: Callable[[], None]) -> None:
    """Call `main`; what is wrong is one line, and what was stopped goes on by the same command."""
    try:
        main()
    except CytallyError as error:
        sys.exit(f"error: {error.line()}")
    except KeyboardInterrupt:
        sys.exit("stopped; the same command goes on")
