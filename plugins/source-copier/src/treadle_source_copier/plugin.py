"""What treadle-source-copier contributes."""

from collections.abc import Iterable

from treadle_hookspecs import TemplateSource, hookimpl


@hookimpl
def treadle_template_sources() -> Iterable[TemplateSource]:
    """`copier:FOLDER`, `copier:gh:OWNER/NAME@REF`."""
    yield TemplateSource("copier", "treadle_source_copier._source:CopierTemplates", "Templates of copier")
