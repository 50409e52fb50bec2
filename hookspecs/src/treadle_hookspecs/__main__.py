"""`python -m treadle_hookspecs` prints the reference page."""

import sys

from treadle_hookspecs._reference import reference

sys.stdout.write(reference())
