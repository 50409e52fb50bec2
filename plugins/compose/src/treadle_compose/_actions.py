"""The actions of the workflow `compose`: resolve, render, plan, apply, hooks, and what undoes them."""

import asyncio
import functools
import hashlib
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final, ParamSpec

from treadle_hookspecs import (
    ActionContext,
    ActionError,
    CompositionRequest,
    CompositionResult,
    ExitCode,
    FetchedTemplate,
    JsonObject,
    Question,
    TreadleError,
)

from treadle_compose import _apply, _audit, _hook_record, _hooks, _staged
from treadle_compose._bundle import Bundle
from treadle_compose._operations import LOCK
from treadle_compose._planning import planned
from treadle_compose._present import Present
from treadle_compose._request import Request
from treadle_compose._resolve import resolve as resolve_templates
from treadle_compose._sources import Candidate, Library, _foreign_manifest
from treadle_compose._staging import Entry

P = ParamSpec("P")


_FORWARD: Final = ("resolve", "render", "plan", "apply", "hooks")
"""What goes on with a composition; the others take it back."""


def _telling(function: Callable[P, Awaitable[JsonObject]]) -> Callable[P, Awaitable[JsonObject]]:
    """What a `TreadleError` says beyond its message is published as `problem`; trying again would not help."""

    @functools.wraps(function)
    async def told(*args: P.args, **kwargs: P.kwargs) -> JsonObject:
        context: Any = kwargs["context"]
        try:
            if function.__name__ in _FORWARD:
                await asyncio.to_thread(_refuse_resumed, context)
            return await function(*args, **kwargs)
        except TreadleError as error:
            problem = {
                "message": error.message,
                "context": error.context,
                "suggestions": list(error.suggestions),
                "exit_code": int(error.exit_code),
            }
            outputs = {**getattr(error, "outputs", {}), "problem": problem}
            kind = str(error.context.get("type", "composition"))
            raise ActionError(error.message, error_class=kind, outputs=outputs, retryable=False) from error

    return told


@_telling
async def resolve(request: dict[str, Any], *, context: ActionContext) -> JsonObject:
    """Find the templates and all that they need, and check what they are to be rendered with.

    Returns:
        `templates`, in composition order; `notes`.
    """
    wanted = Request.from_inputs(request)
    if not wanted.templates and not wanted.without:
        raise TreadleError("no template was named", suggestions=("--from-templates NAME,…",))
    library = Library.of(context, offline=wanted.offline)
    present = Present.of(wanted)
    present.check(wanted)
    found = await resolve_templates(library, wanted.templates, wanted.here, wanted.optional, present)
    _check_allowed(wanted, found.templates, context)
    if not found.templates and not present.ids:
        raise TreadleError("no template would be left", suggestions=(f"delete {wanted.target} instead",))
    values = _staged.namespaces(wanted, found.templates)
    shown = {name: value for name, value in wanted.variables.items() if name not in values.secrets}
    context.host.composition.before(CompositionRequest(wanted.templates, wanted.target, shown))
    if wanted.hooks:
        hooks = [it for kind in _hooks.KINDS for it in _hooks.hooks_of(found.templates, kind)]
        _hooks.refuse_untrusted(hooks, context, wanted.trust)
    for candidate in found.templates:
        context.log.info(f"{candidate.id} {candidate.version} from {candidate.template.source}")
    return {"templates": [_to_json(it) for it in found.templates], "notes": list(found.notes)}


def _clearing(function: Callable[P, Awaitable[JsonObject]]) -> Callable[P, Awaitable[JsonObject]]:
    """What does not come to its end leaves nothing rendered behind: it is rendered again when somebody goes on."""

    @functools.wraps(function)
    async def cleared(*args: P.args, **kwargs: P.kwargs) -> JsonObject:
        try:
            return await function(*args, **kwargs)
        except BaseException:
            context: Any = kwargs["context"]
            _clear(context)
            raise

    return cleared


@_telling
@_clearing
async def render(request: dict[str, Any], templates: list[Any], *, context: ActionContext) -> JsonObject:
    """Render each template into a tree of its own.

    Returns:
        `stages` (`{template, folder}` each), `templates` that are in it, `notes`.
    """
    wanted, candidates = _restored(request, templates, context)
    optional = _staged.optional_ids(wanted, candidates)
    done = await _staged.render_all(wanted, candidates, context.scratch / "stage", context, optional)
    return {
        "stages": [{"template": it.id, "folder": str(done.folders[it.id])} for it in done.candidates],
        "templates": [_to_json(it) for it in done.candidates],
        "notes": list(done.notes),
    }


@_telling
@_clearing
async def plan(
    request: dict[str, Any], templates: list[Any], stages: list[Any], *, context: ActionContext
) -> JsonObject:
    """Plan what is written where. Nothing is written into the project.

    Returns:
        `plan` (the file), `contents` (the folder beside it), `conflicts`, `counts`, `notes`, `open`, `diff`.

    Raises:
        ActionError: conflicts are open: their rows are among the outputs.
    """
    wanted, candidates = _restored(request, templates, context)
    folders = {it["template"]: Path(it["folder"]) for it in stages}
    rendered = _staged.Rendered(tuple(candidates), folders)
    if not await asyncio.to_thread(_all_there, folders.values()):
        rendered = await _staged.render_all(wanted, candidates, context.scratch / "stage", context, frozenset())
    if wanted.stages_out:
        await asyncio.to_thread(_copy_stages, rendered, Path(wanted.stages_out))
    made = await planned(wanted, rendered, context)
    bundle = await asyncio.to_thread(made.bundle.write, context.scratch / "plan")
    if wanted.plan_out:
        await asyncio.to_thread(made.bundle.pack, Path(wanted.plan_out), wanted.hidden)
    outputs = {
        **made.told(),
        "plan": str(bundle),
        "target": str(wanted.target),
        "diff": made.diff(wanted) if wanted.diff else "",
        "hooks": [it.to_json() for it in _hooks.hooks_of(candidates, "postSetup") if not it.hook.staged],
    }
    if made.open or not request.get("write", True):
        await asyncio.to_thread(_clear, context)
    if made.open:
        raise _conflicts(made.open, outputs)
    return outputs


@_telling
async def apply(plan: str, transaction: str, *, context: ActionContext) -> JsonObject:
    """Write what was planned, whole or not at all.

    Args:
        plan: the folder that `compose/plan` gave, or a file of `--plan-out`.
        transaction: names the change in the project's journal.
        context: of the visit.

    Returns:
        `target`, `written` and `removed` (paths), `created` (the project is new).
    """
    bundle = await asyncio.to_thread(Bundle.load, Path(plan))
    done = await asyncio.to_thread(_applied, bundle, transaction, context)
    await asyncio.to_thread(_audit.composed, context, bundle, done)
    await asyncio.to_thread(_clear, context)
    return done


@_telling
async def hooks(
    request: dict[str, Any],
    templates: list[Any],
    phase: str,
    written: list[str] | None = None,
    removed: list[str] | None = None,
    record: str = "",
    *,
    context: ActionContext,
) -> JsonObject:
    """Run the templates' hooks of a phase: `preComposition`, or `postSetup` in the project, and then tell plugins.

    Where nothing was written or removed, only hooks run whose `creates` are not there.

    Returns:
        `ran`: what each did.
    """
    wanted, candidates = _restored(request, templates, context)
    found = _hooks.hooks_of(candidates, phase) if wanted.hooks else ()
    found, _ = _hooks.agreed([it for it in found if phase != "postSetup" or not it.hook.staged], _hook_rules(wanted))
    root = wanted.target if phase == "postSetup" else _existing(wanted.target)
    if phase == "postSetup" and not written and not removed:
        found = await asyncio.to_thread(_still_needed, found, root)
    values = _staged.namespaces(wanted, candidates).values
    place = _hooks.Place(root, phase == "postSetup", values, wanted.hidden, Path(record) if record else None)
    try:
        ran = await _hooks.run_hooks(found, place, context, wanted.trust, wanted.sandbox)
    except TreadleError as error:
        error.outputs = {"ran": [asdict(it) for it in place.ran]}  # type: ignore[attr-defined]
        raise
    finally:
        await asyncio.to_thread(_audit.ran, context, wanted.target, phase, place.ran)
    if phase == "postSetup":
        context.host.composition.after(CompositionResult(wanted.target, tuple(written or ())))
    return {"ran": [asdict(it) for it in ran]}


@_telling
async def undo(target: str, transaction: str, plan: str, *, context: ActionContext) -> JsonObject:
    """Take an application back, as far as nobody has changed what it wrote."""
    entries = await asyncio.to_thread(_posts, Path(plan))
    await asyncio.to_thread(_clear, context)
    told = await asyncio.to_thread(_apply.undo, context.host, Path(target), transaction, entries)
    await asyncio.to_thread(_audit.undone, context, target, told)
    for line in told:
        context.log.warning(line)
    return {"notes": told}


@_telling
async def undo_hooks(target: str, record: str, *, context: ActionContext) -> JsonObject:
    """Take back what hooks did to the project, last first: their own undo commands, then paths that they made."""
    return {"notes": await _hook_record.undo_all(Path(record), Path(target), context)}


def _still_needed(hooks: Sequence[_hooks.TemplateHook], root: Path) -> tuple[_hooks.TemplateHook, ...]:
    """Hooks of which something that they make is missing."""
    return tuple(it for it in hooks if any(not os.path.lexists(root / name) for name in it.hook.creates))


def _refuse_resumed(context: ActionContext) -> None:
    """Raises `TreadleError` (exit code 4) when a composition goes on that the settings want taken back."""
    settings: Any = context.host.settings["compose"]
    if settings["resume"]:
        return
    if any(event.type == "execution_resumed" for event in context.host.history(context.execution)):
        raise TreadleError(
            "going on with an interrupted composition is switched off by the setting compose.resume",
            suggestions=("what it had written is taken back; run it again",),
            exit_code=ExitCode.NOT_ALLOWED,
        )


def _check_allowed(request: Request, candidates: Sequence[Candidate], context: ActionContext) -> None:
    """What the settings switch off. Raises `TreadleError` (exit code 4)."""
    settings: Any = context.host.settings["compose"]
    code = [it for kind in _hooks.KINDS for it in _hooks.hooks_of(candidates, kind) if it.is_code]
    off = ""
    if not settings["multi_template"] and len(candidates) > 1:
        off = "several templates at a time are switched off by the setting compose.multi_template"
    elif not settings["hooks"] and request.hooks and code and request.trust != "none":
        off = f"the templates bring code ({code[0].name}), which is switched off by the setting compose.hooks"
    if off:
        remedy = "--no-hooks leaves it out" if "code" in off else "compose them one after the other"
        raise TreadleError(off, suggestions=(remedy,), exit_code=ExitCode.NOT_ALLOWED)


def _applied(bundle: Bundle, transaction: str, context: ActionContext) -> JsonObject:
    host, target = context.host, bundle.target
    lock = bundle.lock.text().encode()
    project = host.journal(target).new_project(transaction)
    new = project.published() or not target.exists()
    if new:
        target.parent.mkdir(parents=True, exist_ok=True)
        _apply.apply_new(project, bundle.plan.operations, bundle.read, lock)
    else:
        _apply.apply_changes(host, target, bundle.plan, bundle.read, lock, transaction)
    changed = [it for it in bundle.plan.operations if it.kind != "keep"]
    removed = [it.path for it in bundle.plan.removals]
    context.log.info(f"{len(changed) + len(removed)} paths in {target}")
    return {
        "target": str(target),
        "created": new,
        "written": [it.path for it in changed],
        "removed": removed,
    }


def _all_there(folders: Iterable[Path]) -> bool:
    return all(folder.is_dir() for folder in folders)


def _copy_stages(rendered: _staged.Rendered, into: Path) -> None:
    """`NUMBER-TEMPLATE` for each, in composition order."""
    shutil.rmtree(into, ignore_errors=True)
    for number, (template, folder) in enumerate(rendered.folders.items()):
        shutil.copytree(folder, into / f"{number:03}-{template}", symlinks=True)


def _clear(context: ActionContext) -> None:
    """Remove rendered files from the execution's scratch folder: secrets may be in them."""
    for name in ("stage", "plan/contents", "draft"):
        for folder in context.scratch.parent.glob(f"*/{name}"):
            shutil.rmtree(folder, ignore_errors=True)


def _posts(plan: Path) -> list[Entry]:
    """What an application wrote; none when its plan is gone."""
    if not plan.exists():
        return []
    bundle = Bundle.load(plan)
    lock = bundle.lock.text().encode()
    return [*(it.entry for it in bundle.plan.operations), _lock_entry(lock)]


def _lock_entry(lock: bytes) -> Entry:
    return Entry(LOCK, "file", 0o644, hashlib.sha256(lock).hexdigest(), len(lock))


def _existing(folder: Path) -> Path:
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _hook_rules(request: Request) -> dict[str, str]:
    return {it.pattern.removeprefix("hook:"): it.strategy for it in request.rules if it.pattern.startswith("hook:")}


def _conflicts(rows: Sequence[Any], outputs: Mapping[str, Any]) -> TreadleError:
    error = TreadleError(
        f"{len(rows)} conflict{'s are' if len(rows) > 1 else ' is'} open; nothing was written",
        context={"type": "conflict"},
        suggestions=tuple(row.flag for row in rows[:20]),
        exit_code=ExitCode.CONFLICT,
    )
    error.outputs = dict(outputs)  # type: ignore[attr-defined]
    return error


def _restored(
    request: Mapping[str, Any], templates: Sequence[Mapping[str, Any]], context: ActionContext
) -> tuple[Request, list[Candidate]]:
    wanted = Request.from_inputs(request)
    library = Library.of(context, offline=True)
    return wanted, [_candidate(it, library) for it in templates]


def _to_json(candidate: Candidate) -> JsonObject:
    template = candidate.template
    plain = {it.name: getattr(template, it.name) for it in fields(template)}
    return {
        **plain,
        "folder": str(template.folder),
        "questions": [asdict(it) for it in template.questions],
        "spec": candidate.spec,
    }


def _candidate(data: Mapping[str, Any], library: Library) -> Candidate:
    rest = {name: value for name, value in data.items() if name != "spec"}
    questions = tuple(Question(**{**it, "choices": tuple(it["choices"])}) for it in rest["questions"])
    template = FetchedTemplate(**{**rest, "folder": Path(rest["folder"]), "questions": questions})
    manifest = library.manifest(template.folder) if template.native else _foreign_manifest(template)
    return Candidate(template, manifest, str(data["spec"]))
