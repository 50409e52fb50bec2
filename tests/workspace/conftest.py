"""The rules are a package of their own, so that scripts and tests share them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
