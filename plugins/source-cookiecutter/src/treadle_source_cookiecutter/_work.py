"""Fetching and rendering cookiecutter's templates; cookiecutter itself is only imported in the child that renders."""

from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from treadle_foreign import bring, manifest_of, render_in_child, template_id
from treadle_hookspecs import (
    ExitCode,
    FetchedTemplate,
    Rendered,
    RenderRequest,
    SourceContext,
    TreadleError,
)

from treadle_source_cookiecutter._questions import NAME, Settings, read_settings

_CHILD: Final = Path(__file__).parent / "_render.py"


async def fetch(spec: str, context: SourceContext) -> FetchedTemplate:
    """A template of cookiecutter; the default branch unless the spec names a revision."""
    tree = await bring(spec, context)
    settings = _settings(tree.folder, spec)
    manifest = manifest_of(tree.folder)
    return FetchedTemplate(
        template_id(manifest, tree.place.address, tree.place.folder),
        str(manifest.get("template", {}).get("version") or tree.version),
        tree.folder,
        f"cookiecutter:{_written(tree.place)}",
        tree.digest,
        tree.commit,
        native=False,
        manifest=manifest,
        questions=settings.questions,
        code=settings.code,
    )


async def render(request: RenderRequest, context: SourceContext) -> Rendered:
    """Let cookiecutter render it in a child, its hooks included where they are trusted."""
    settings = _settings(request.template.folder, request.template.id)
    if request.trust == "none" and settings.extensions:
        raise TreadleError(
            f"template {request.template.id} needs code of its own: {', '.join(settings.extensions)}",
            suggestions=("treadle trust shows it and allows it",),
            exit_code=ExitCode.NOT_ALLOWED,
        )
    answers = {name: value for name, value in request.answers.items() if not _left_open(name, value, settings)}
    told = await render_in_child(_CHILD, {"answers": answers, "code": request.trust != "none"}, request, context)
    hooks = request.trust == "none" and settings.hooks
    notes = (f"the hooks {', '.join(settings.hooks)} were not run; `treadle trust` allows them",) if hooks else ()
    return Rendered(told.get("answers", {}), f"cookiecutter {version('cookiecutter')}", (), notes)


def _settings(folder: Path, spec: str) -> Settings:
    if not (folder / NAME).is_file():
        raise TreadleError(f"{spec} is no template of cookiecutter: it has no {NAME}", exit_code=ExitCode.NOT_FOUND)
    return read_settings(folder)


def _left_open(name: str, value: Any, settings: Settings) -> bool:
    """An empty answer to a question whose default cookiecutter computes is no answer."""
    return value in ("", None) and name in settings.computed


def _written(place: Any) -> str:
    ref = f"@{place.ref}" if place.ref else ""
    return f"{place.address}{ref}" + (f"#{place.folder}" if place.folder else "")
