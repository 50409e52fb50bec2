"""copier's templates as a template source. Thin: it is asked for a list by every composition."""

from collections.abc import Iterable
from pathlib import Path

from treadle_hookspecs import FetchedTemplate, Rendered, RenderRequest, SourceContext, TemplateListing


class CopierTemplates:
    """See `TemplateBackend`."""

    def list(self, cache: Path) -> Iterable[TemplateListing]:
        """None: copier has no list of templates."""
        del cache
        return ()

    async def fetch(self, spec: str, context: SourceContext) -> FetchedTemplate:
        """A template of copier; the newest tagged version unless the spec names a revision."""
        from treadle_source_copier import _work

        return await _work.fetch(spec, context)

    async def render(self, request: RenderRequest, context: SourceContext) -> Rendered:
        """Let copier render it in a child, its tasks included where they are trusted."""
        from treadle_source_copier import _work

        return await _work.render(request, context)
