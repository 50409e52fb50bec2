"""Fetching and rendering copier's templates; copier itself is only imported in the child that renders."""

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

from treadle_source_copier._questions import Settings, read_settings

NAMES: Final = ("copier.yml", "copier.yaml")
_CHILD: Final = Path(__file__).parent / "_render.py"


async def fetch(spec: str, context: SourceContext) -> FetchedTemplate:
    """A template of copier; the newest tagged version unless the spec names a revision."""
    tree = await bring(spec, context, newest_tag=True)
    settings = read_settings(_settings_file(tree.folder, spec))
    manifest = manifest_of(tree.folder)
    return FetchedTemplate(
        template_id(manifest, tree.place.address, tree.place.folder),
        str(manifest.get("template", {}).get("version") or tree.version),
        tree.folder,
        f"copier:{_written(tree.place)}",
        tree.digest,
        tree.commit,
        native=False,
        manifest=manifest,
        questions=settings.questions,
        code=settings.code,
    )


async def render(request: RenderRequest, context: SourceContext) -> Rendered:
    """Let copier render it in a child, its tasks included where they are trusted."""
    settings = read_settings(_settings_file(request.template.folder, request.template.id))
    if request.trust == "none" and settings.extensions:
        raise TreadleError(
            f"template {request.template.id} needs code of its own: {', '.join(settings.extensions)}",
            suggestions=("treadle trust shows it and allows it",),
            exit_code=ExitCode.NOT_ALLOWED,
        )
    answers = {name: value for name, value in request.answers.items() if not _left_open(name, value, settings)}
    told = await render_in_child(_CHILD, {"answers": answers, "code": request.trust != "none"}, request, context)
    return Rendered(
        {name: value for name, value in told.get("answers", {}).items() if name not in settings.secrets},
        f"copier {version('copier')}",
        tuple(map(str, told.get("bookkeeping", ()))),
        _notes(request, settings),
    )


def _settings_file(folder: Path, spec: str) -> Path:
    for name in NAMES:
        if (folder / name).is_file():
            return folder / name
    raise TreadleError(f"{spec} is no template of copier: it has no copier.yml", exit_code=ExitCode.NOT_FOUND)


def _left_open(name: str, value: Any, settings: Settings) -> bool:
    """An empty answer to a question whose default copier computes is no answer."""
    return value in ("", None) and name in settings.computed


def _notes(request: RenderRequest, settings: Settings) -> tuple[str, ...]:
    if request.trust == "none" and settings.tasks:
        return (f"{settings.tasks} tasks of the template were not run; `treadle trust` allows them",)
    return ()


def _written(place: Any) -> str:
    ref = f"@{place.ref}" if place.ref else ""
    return f"{place.address}{ref}" + (f"#{place.folder}" if place.folder else "")
