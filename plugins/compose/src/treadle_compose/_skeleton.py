"""What `treadle template new` writes."""

import re
from typing import Final

from treadle_hookspecs import TreadleError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")

_MANIFEST: Final = """\
# `treadle schema composition` describes every key; `treadle template validate .` finds mistakes in this file.
template:
  id: {name}
  version: 0.1.0
  title: What one gets, in a line

variables:
  - name: GREETING
    default: "Hello from {{{{ PROJECT_NAME }}}}"
    help: The first line of the README

composition:
  # Other templates that this one needs:
  #   dependencies: [{{templateId: docker, version: ">=1", purpose: "runs it"}}]
  # Variables that others may use, and variables of others that this one uses:
  #   provides: [{{name: DATABASE_URL, value: "postgres://localhost/{{{{ PROJECT_NAME }}}}"}}]
  #   variables: {{shared: [PORT], mappings: {{ADMIN_PORT: "{{{{PORT}}}} + 1"}}}}
  # What is to happen where another template brings the same file:
  conflicts:
    - {{type: file, pattern: README.md, strategy: merge}}
"""

_README: Final = """\
# {{ GREETING }}

Made of {{ COMPOSED_TEMPLATES | join(", ") }}.
"""

_CASE: Final = """\
# A case: composed with these variables, beside these templates; what has to be there then.
variables: {GREETING: Hi}
with: []
expect:
  files: [README.md]
  contains: {README.md: "# Hi"}
  absent: [template.yaml]
"""


def skeleton(name: str) -> dict[str, str]:
    """The files of a new template. Raises `TreadleError` for what is no id."""
    if not _NAME.fullmatch(name):
        raise TreadleError(f"{name!r} is no id: lower-case letters, digits, '.', '_' and '-'")
    return {
        "template.yaml": _MANIFEST.format(name=name),
        "files/README.md.jinja": _README,
        "tests/greeting.yaml": _CASE,
    }
