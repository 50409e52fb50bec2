"""Every template rendered into a tree of its own; foreign ones beside each other, from the cache where they can be."""

import asyncio
import contextlib
import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from treadle_hookspecs import ActionContext, ExitCode, Json, RenderRequest, TreadleError

from treadle_compose import _staging
from treadle_compose._manifest import Manifest, manifest_path
from treadle_compose._operations import Stage
from treadle_compose._places import place_of
from treadle_compose._present import Present, remembered
from treadle_compose._render import render_native, render_value
from treadle_compose._request import Request
from treadle_compose._sources import Candidate, Library
from treadle_compose._variables import Contexts, Given, contexts

_KEPT: Final = 200
"""Rendered foreign trees in the cache."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The trees, the templates that are in them, and what was left out."""

    candidates: tuple[Candidate, ...]
    folders: Mapping[str, Path]
    notes: tuple[str, ...] = ()


def namespaces(request: Request, candidates: Sequence[Candidate]) -> Contexts:
    """What each template is rendered with.

    Raises:
        TreadleError: a value is refused or missing; names the flag for each.
    """
    manifests: tuple[Manifest, ...] = tuple(it.manifest for it in candidates)
    try:
        found = contexts(manifests, given(request, manifests), render_value)
    except TreadleError as error:
        raise _placed(error, candidates) from None
    exposed = sorted(found.secrets & request.variables.keys())
    if exposed:
        raise TreadleError(f"{', '.join(exposed)} is secret: pass it among the secrets, so that it is sealed")
    if found.missing:
        flags = tuple(f"--variables {question.name}=VALUE   {question.help}".rstrip() for _, question in found.missing)
        names = ", ".join(f"{question.name} ({template})" for template, question in found.missing)
        raise TreadleError(
            f"these variables have no value: {names}",
            context={"missing": [question.name for _, question in found.missing]},
            suggestions=flags,
        )
    return found


def _placed(error: TreadleError, candidates: Sequence[Candidate]) -> TreadleError:
    """A mapping that cannot be computed, with its place in the template's manifest."""
    owner = next((it for it in candidates if it.id == error.context.get("template")), None)
    path = manifest_path(owner.template.folder) if owner is not None and "mapping" in error.context else None
    if path is None:
        return error
    where = ("composition", "variables", "mappings", str(error.context["mapping"]))
    line, column = place_of(path.read_text("utf-8"), where)
    error.context = {**error.context, "file": str(path), "line": line, "column": column}
    error.message = f"{path}:{line}:{column}: {error.context['mapping']}: {error.message}"
    return error


def given(request: Request, manifests: Sequence[Manifest]) -> Given:
    """What the user says about variables now, and what was said when the project was composed before."""
    ids = [it.id for it in manifests]
    present = Present.of(request, ids)
    rules = (*present.lock.decisions, *reversed(request.rules))
    strategies = {it.pattern.removeprefix("variable:"): it.strategy for it in rules if not it.key}
    values = {**remembered(present.lock, manifests, request.given), **request.given}
    return Given(values, request.built_in(present.order(ids)), strategies, present.values())


async def render_all(
    request: Request, candidates: Sequence[Candidate], into: Path, context: ActionContext, optional: frozenset[str]
) -> Rendered:
    """Render every template; an optional one that fails is left out, and the others are rendered as if it never was.

    Raises:
        TreadleError: a template cannot be rendered.
    """
    notes: list[str] = []
    while True:
        shutil.rmtree(into, ignore_errors=True)
        values = namespaces(request, candidates).values
        tasks = [_one(it, values[it.id], into / f"{place}", request, context) for place, it in enumerate(candidates)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        failed = {
            it.id: result for it, result in zip(candidates, results, strict=True) if isinstance(result, Exception)
        }
        if not failed:
            said = [note for result in results if isinstance(result, tuple) for note in result]
            folders = {it.id: into / f"{place}" for place, it in enumerate(candidates)}
            return Rendered(tuple(candidates), folders, (*notes, *said))
        for id_, error in failed.items():
            if id_ not in optional or not isinstance(error, TreadleError):
                raise error
            notes.append(f"left out {id_}: {error.message}")
        candidates = _left(candidates, failed)


def stages(rendered: Rendered) -> tuple[Stage, ...]:
    """The trees as a plan takes them. Raises `TreadleError` for what no project may hold."""
    return tuple(Stage(it.id, _staging.scan(rendered.folders[it.id], it.id)) for it in rendered.candidates)


def optional_ids(request: Request, candidates: Sequence[Candidate]) -> frozenset[str]:
    """Templates that nobody insists on: named by the user, or needed by others as optional only."""
    needed = [it for candidate in candidates for it in candidate.manifest.dependencies]
    insisted = {it.template for it in needed if not it.optional} | {it.partition("@")[0] for it in request.templates}
    wished = {it.template for it in needed if it.optional}
    return frozenset(request.optional) | frozenset(wished - insisted)


def _left(candidates: Sequence[Candidate], failed: Mapping[str, object]) -> tuple[Candidate, ...]:
    left = tuple(it for it in candidates if it.id not in failed)
    for candidate in left:
        lacking = [it for it in candidate.manifest.dependencies if it.template in failed and not it.optional]
        if lacking:
            raise TreadleError(f"{candidate.id} cannot do without {lacking[0].template}, which failed")
    if not left:
        raise TreadleError("every template failed")
    return left


async def _one(
    candidate: Candidate, values: Mapping[str, Json], into: Path, request: Request, context: ActionContext
) -> tuple[str, ...]:
    if candidate.template.native:
        await asyncio.to_thread(_native, candidate, values, into)
        return ()
    return await _foreign(candidate, values, into, request, context)


def _native(candidate: Candidate, values: Mapping[str, Json], into: Path) -> None:
    template = candidate.template
    if _staging.digest(_staging.scan(template.folder, template.id, unrendered=True)) != template.digest:
        raise TreadleError(
            f"the template {template.id} was changed while it was composed",
            suggestions=("run the composition again",),
            exit_code=ExitCode.CONFLICT,
        )
    render_native(template.folder, candidate.manifest, values, into)


async def _foreign(
    candidate: Candidate, values: Mapping[str, Json], into: Path, request: Request, context: ActionContext
) -> tuple[str, ...]:
    template, library = candidate.template, Library.of(context, offline=request.offline)
    trust = request.trust or context.host.trust.level(template.digest) or ("none" if not template.code else "")
    if trust not in ("none", "sandboxed", "full"):
        raise _untrusted(candidate)
    answers = {name: value for name, value in values.items() if _is_asked(name, candidate)}
    secret = any(question.secret for question in candidate.manifest.questions)
    kept = library.cache / "renders" / _cache_key(candidate, answers, trust)
    if kept.is_dir() and not secret:
        shutil.copytree(kept, into, symlinks=True)
        return ()
    await asyncio.to_thread(into.mkdir, parents=True)
    scheme = template.source.partition(":")[0]
    source = context.host.composition.source(scheme)
    done = await source.render(RenderRequest(template, answers, into, trust), library.work(scheme))  # type: ignore[arg-type]
    for path in done.bookkeeping:
        (into / path).unlink(missing_ok=True)
    if not secret:
        _keep(into, kept)
    return tuple(f"{candidate.id}: {note}" for note in done.notes)


def _is_asked(name: str, candidate: Candidate) -> bool:
    known = {question.name for question in candidate.manifest.questions}
    return name in known or name in candidate.manifest.mappings or name in candidate.manifest.shared


def _cache_key(candidate: Candidate, answers: Mapping[str, Json], trust: str) -> str:
    told = json.dumps([candidate.template.digest, candidate.template.source, answers, trust], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _keep(tree: Path, kept: Path) -> None:
    """A copy for the next time; the oldest go when there are many."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_name(f"{kept.name}.{secrets.token_hex(4)}")
    shutil.copytree(tree, draft, symlinks=True)
    with contextlib.suppress(OSError):
        draft.rename(kept)
    shutil.rmtree(draft, ignore_errors=True)
    by_age = sorted(kept.parent.iterdir(), key=lambda it: it.stat().st_mtime)
    for old in by_age[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _untrusted(candidate: Candidate) -> TreadleError:
    return TreadleError(
        f"the template {candidate.id} runs code of its own when it is rendered, and nobody has allowed it",
        context={"template": candidate.id, "digest": candidate.template.digest},
        suggestions=("let it run in the sandbox: --trust sandboxed", "render it without its code: --trust none"),
        exit_code=ExitCode.NOT_ALLOWED,
    )
