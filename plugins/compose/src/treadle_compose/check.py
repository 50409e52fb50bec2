"""`python -m treadle_compose.check A B …`: compose templates for a trial, and hold the result against its promises."""

import subprocess
import sys


def main(arguments: list[str]) -> int:
    """As `treadle template check`; its exit status."""
    return subprocess.run([sys.executable, "-m", "treadle", "template", "check", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
