"""What treadle-source-cookiecutter contributes."""

from collections.abc import Iterable

from treadle_hookspecs import TemplateSource, hookimpl


@hookimpl
def treadle_template_sources() -> Iterable[TemplateSource]:
    """`cookiecutter:FOLDER`, `cookiecutter:gh:OWNER/NAME`."""
    target = "treadle_source_cookiecutter._source:CookiecutterTemplates"
    yield TemplateSource("cookiecutter", target, "Templates of cookiecutter")
