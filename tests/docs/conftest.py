"""What reads the documentation is a package of its own, so that scripts and tests share it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
