"""Every pair of the shapes, checked: `python tests/composition/all_pairs.py`. Prints a line for each."""

import subprocess
import sys
import tempfile
from itertools import combinations
from pathlib import Path

from shapes import SHAPES, lay_down


def main() -> int:
    """1 when a promise is broken by some pair."""
    broken = 0
    with tempfile.TemporaryDirectory(prefix="shapes-") as place:
        specs = lay_down(Path(place))
        for pair in combinations(sorted(SHAPES), 2):
            argv = [
                sys.executable,
                "-m",
                "treadle_compose.check",
                *(specs[name] for name in pair),
                "--trust",
                "sandboxed",
            ]
            done = subprocess.run(argv, cwd=place, capture_output=True, text=True, check=False)
            broken += done.returncode != 0
            sys.stdout.write(f"{'ok' if done.returncode == 0 else 'BROKEN'}  {' + '.join(pair)}\n")
            if done.returncode:
                sys.stdout.write(done.stdout + done.stderr)
            sys.stdout.flush()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
