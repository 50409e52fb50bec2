"""The templates of this package, as a template source."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from treadle_hookspecs import (
    ExitCode,
    FetchedTemplate,
    Rendered,
    RenderRequest,
    SourceContext,
    TemplateListing,
    TreadleError,
)

READY: Final = Path(__file__).parent / "ready"
_FIELD: Final = re.compile(r"^  (id|version|title|description): (.*)$", re.MULTILINE)


class ReadyTemplates:
    """Folders of this package; the composition renders them by itself."""

    def list(self, cache: Path) -> Iterator[TemplateListing]:
        """All of them, by name."""
        del cache
        for folder in sorted(READY.iterdir()):
            if (folder / "template.yaml").is_file():
                facts = _facts(folder)
                yield TemplateListing(
                    facts["id"], facts["version"], f"ready:{facts['id']}", facts["title"], facts["description"]
                )

    async def fetch(self, spec: str, context: SourceContext) -> FetchedTemplate:
        """One of them, at once: nothing is fetched. Raises `TreadleError` (exit code 3) for a name that is none."""
        del context
        names = sorted(folder.name for folder in READY.iterdir() if (folder / "template.yaml").is_file())
        if spec not in names:
            near = difflib.get_close_matches(spec, names, 1)
            raise TreadleError(
                f"there is no ready template {spec}",
                suggestions=(f"did you mean {near[0]}?",) if near else (f"there are {', '.join(names)}",),
                exit_code=ExitCode.NOT_FOUND,
            )
        folder = READY / spec
        facts = _facts(folder)
        return FetchedTemplate(facts["id"], facts["version"], folder, f"ready:{spec}", "")

    async def render(self, request: RenderRequest, context: SourceContext) -> Rendered:
        """Never called: the templates are native."""
        del context
        raise TreadleError(f"{request.template.id} is rendered by the composition itself")


def _facts(folder: Path) -> dict[str, str]:
    """What the head of a manifest of ours says; a test holds these against the whole manifest."""
    head = (folder / "template.yaml").read_text("utf-8").partition("\n\n")[0]
    return {name: value.strip() for name, value in _FIELD.findall(head)}
