"""What treadle-templates contributes."""

from collections.abc import Iterable

from treadle_hookspecs import TemplateSource, hookimpl


@hookimpl
def treadle_template_sources() -> Iterable[TemplateSource]:
    """The templates of this package, by name: `--from-templates python-service,postgres`."""
    yield TemplateSource("ready", "treadle_templates._source:ReadyTemplates", "Templates that come with treadle")
