"""Where `orion` begins. `--version` alone answers before anything heavy is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        from engine import __version__

        sys.stdout.write(f"orion {__version__}\n")
        return
    from orion_tui.cli.root import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
