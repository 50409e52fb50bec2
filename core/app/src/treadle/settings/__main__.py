"""`python -m treadle.settings` prints the reference page."""

import sys

from treadle.settings import reference

sys.stdout.write(reference())
