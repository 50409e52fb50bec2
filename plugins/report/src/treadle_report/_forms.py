"""The forms of a report, as `treadle_report_formats` offers them."""

import json

from treadle_hookspecs import Host

from treadle_report._facts import Facts


def markdown(host: Host, execution: str, title: str = "") -> str:
    """For people and pull requests."""
    from treadle_report._markdown import render

    return render(Facts.collect(host, execution), title)


def as_json(host: Host, execution: str, title: str = "") -> str:  # noqa: ARG001 - data has no heading
    """`treadle/report@1`, for programs."""
    from treadle_report._document import document

    return json.dumps(document(Facts.collect(host, execution)), indent=2, ensure_ascii=False) + "\n"


def html(host: Host, execution: str, title: str = "") -> str:
    """One file for a browser."""
    from treadle_report._html import html as written

    return written(Facts.collect(host, execution), title)


def junit(host: Host, execution: str, title: str = "") -> str:
    """For machines that show test results."""
    from treadle_report._junit import junit as written

    return written(Facts.collect(host, execution), title)
