"""Checks of each step by itself, and of the steps that it names."""

from collections.abc import Iterator, Sequence

from treadle.definition._document import Items, Path
from treadle.definition._fields import JOINS, MAX_STEPS
from treadle.definition._model import BELONGS, BODIES, KINDS, OF_ITEMS, OF_MATRIX, NamedJoin, Workflow
from treadle.definition._report import Report
from treadle.definition._scopes import Scope, StepAt, is_action, is_mode, kinds_of, references_of


def check_steps(workflow: Workflow, scopes: Sequence[Scope], known: frozenset[str], report: Report) -> None:
    """Kinds, keys that do not belong, ids, references."""
    everything = [at for scope in scopes for at in scope.steps]
    if len(everything) > MAX_STEPS:
        report.at_key("TRD0103", f"a definition may have at most {MAX_STEPS} steps", ("steps",))
    _check_ids(everything, report)
    _check_taken(scopes, report)
    _check_case(report)
    for scope in scopes:
        for at in scope.steps:
            if at.sound:
                _check_kind(at, report)
                _check_join(at, report)
                _check_switch(at, report)
                _check_cache(at, report)
                _check_references(references_of(at), scope, scopes, known, report)
    if scopes:
        _check_references([(("start",), workflow.start)], scopes[0], scopes, known, report)
    _check_worktrees(scopes, report)
    for path in [("env",), *((*at.path, "env") for at in everything)]:
        _check_environment(path, report)


def _check_worktrees(scopes: Sequence[Scope], report: Report) -> None:
    """What is changed in a worktree that no step merges is never seen in the root."""
    for scope in scopes:
        users = [at for at in scope.steps if at.sound and at.step.isolation is not None]
        merged = {_worktree(at) for at in users if at.step.isolation and _merges(at)}
        for at in users:
            name = _worktree(at)
            if name not in merged:
                message = f"nothing brings what is changed in the worktree `{name}` into the root"
                hint = f"write `isolation: {{worktree: {name}, merge: true}}` at the step that has to succeed first"
                report.at_key("TRD0117", message, (*at.path, "isolation"), hint=hint)


def _worktree(at: StepAt) -> str:
    return (at.step.isolation.worktree if at.step.isolation else None) or at.step.id


def _merges(at: StepAt) -> bool:
    isolation = at.step.isolation
    return isolation is not None and (isolation.worktree is None if isolation.merge is None else isolation.merge)


def _check_ids(everything: Sequence[StepAt], report: Report) -> None:
    seen: dict[str, StepAt] = {}
    for at in everything:
        first = seen.setdefault(at.step.id, at)
        if first is not at:
            line = report.line_of((*first.path, "id"))
            message = f"the id `{at.step.id}` is used twice"
            report.at_value("TRD0108", message, (*at.path, "id"), hint=f"the first is at line {line}")


def _check_taken(scopes: Sequence[Scope], report: Report) -> None:
    """A scope of the workflow may not have the address of a handler's."""
    for scope in scopes:
        if scope.owner is not None and scope.around is not None and scope.around.main and scope.body in BODIES[1:]:
            message = f"a step that opens a scope cannot have the id `{scope.body}`"
            report.at_value(
                "TRD0108", message, (*scope.owner.path, "id"), hint="it is the address of a handler's scope"
            )


def _check_case(report: Report) -> None:
    """Names that differ only in case are one name to some shells, file systems and people."""
    for key in ("inputs", "outputs", "vars", "secrets"):
        node = report.document.node((key,))
        seen: dict[str, str] = {}
        for name in getattr(node, "entries", ()):
            first = seen.setdefault(name.lower(), name)
            if first != name:
                report.at_key("TRD0108", f"`{name}` and `{first}` differ only in case", (key, name))


def _check_kind(at: StepAt, report: Report) -> None:
    kinds = kinds_of(at.step)
    place = (*at.path, "id")
    if not kinds:
        if _misspelled_kind(at, report):
            return
        hint = f"give it one of {', '.join(KINDS)}"
        report.at_value("TRD0110", f"step `{at.step.id}` does not say what it does", place, hint=hint)
        return
    if len(kinds) > 1:
        message = f"step `{at.step.id}` has {len(kinds)} kinds: {', '.join(kinds)}"
        report.at_key("TRD0110", message, (*at.path, kinds[1]), hint="make two steps of it")
        return
    for field, allowed in BELONGS.items():
        if field in at.step.model_fields_set and kinds[0] not in allowed:
            key = field.rstrip("_")
            message = f"`{key}` has no meaning for a step with `{kinds[0]}`"
            report.at_key("TRD0112", message, (*at.path, key), hint=f"it goes with {' and '.join(allowed)}")
    _check_items(at, report)
    _check_recovery(at, report)
    if isinstance(at.step.run, list) and at.step.shell is not None:
        message = "a `run` that is a list is started without a shell"
        report.at_key("TRD0112", message, (*at.path, "shell"), hint="leave `shell` out, or make `run` a text")


def _misspelled_kind(at: StepAt, report: Report) -> bool:
    """A key of the step was told of already, with a kind as what was meant: one slip is one problem."""
    node = report.document.node(at.path)
    lines = {report.line_of((*at.path, key)) for key in getattr(node, "entries", ())}
    return any(
        problem.code == "TRD0104" and problem.line in lines and any(f"`{kind}" in problem.hint for kind in KINDS)
        for problem in report.problems
    )


def _check_recovery(at: StepAt, report: Report) -> None:
    place = (*at.path, "on_failure")
    if at.step.recovery is not None and report.document.node(place) is not None:
        message = "a step has either `recovery` or `on_failure`"
        report.at_key("TRD0112", message, place, hint="what `recovery` does not take is the failure of the workflow")


def _check_items(at: StepAt, report: Report) -> None:
    step = at.step
    if step.for_each is not None and step.matrix is not None:
        report.at_key("TRD0112", "a step has either `for_each` or `matrix`", (*at.path, "matrix"))
    wanted = {**dict.fromkeys(OF_ITEMS, "for_each or matrix"), **dict.fromkeys(OF_MATRIX, "matrix")}
    for key, others in wanted.items():
        if getattr(step, key) is not None and all(getattr(step, other) is None for other in others.split(" or ")):
            message = f"`{key}` has no meaning without `{others.replace(' or ', '` or `')}`"
            report.at_key("TRD0112", message, (*at.path, key))
    for path, value in _lists_of(at):
        if not isinstance(value, list) and not (isinstance(value, str) and "{{" in value):
            report.at_value("TRD0106", f"`{path[-1]}` must be a list, or an expression that gives one", path)


def _lists_of(at: StepAt) -> Iterator[tuple[Path, object]]:
    """What has to be a list, with its place."""
    for key in ("for_each", "include", "exclude"):
        value = getattr(at.step, key)
        if value is not None:
            yield (*at.path, key), value
    for name, value in (at.step.matrix or {}).items():
        yield (*at.path, "matrix", name), value


def _check_join(at: StepAt, report: Report) -> None:
    join = at.step.join
    if join is None:
        return
    place = (*at.path, "join")
    if isinstance(join, NamedJoin):
        if is_mode(join.text) and join.text not in JOINS:
            hint = report.suggest(join.text, JOINS) or f"there is {', '.join(JOINS)}, {{at_least: n}}, or an expression"
            report.at_value("TRD0106", f"`{join.text}` is not a join", place, hint=hint)
    elif at.step.needs is not None and join.at_least > len(set(at.step.needs)):
        message = f"the join waits for {join.at_least} of {len(set(at.step.needs))} needs: it can never hold"
        report.at_value("TRD0115", message, (*place, "at_least"))


def _check_switch(at: StepAt, report: Report) -> None:
    for number, case in enumerate(at.step.switch[:-1]):
        if case.when is None:
            message = "what stands after a line without `when` is never looked at"
            report.at_value("TRD0117", message, (*at.path, "switch", number + 1), hint="put this line before it")


def _check_cache(at: StepAt, report: Report) -> None:
    cache = at.step.cache
    if cache is not None and at.step.run is not None and not cache.files and not cache.env:
        message = f"the command of `{at.step.id}` is reused whatever has changed in the project"
        hint = "name the files that it reads: cache: {files: [src/**]}"
        report.at_key("TRD0129", message, (*at.path, "cache"), hint=hint, severity="warning")


def _check_references(
    named: "Iterator[tuple[Path, list[str]]] | Sequence[tuple[Path, list[str]]]",
    scope: Scope,
    scopes: Sequence[Scope],
    known: frozenset[str],
    report: Report,
) -> None:
    for path, ids in named:
        several = isinstance(report.document.node(path), Items)
        for number, id_ in enumerate(ids):
            place = (*path, number) if several else path
            if id_ in scope.by_id:
                continue
            elsewhere = next((other for other in scopes if id_ in other.by_id), None)
            if elsewhere is not None:
                message = f"step `{id_}` stands in `{elsewhere.body}`, out of reach of `{scope.body}`"
                report.at_value("TRD0107", message, place, hint="needs and routes stay within one list of steps")
            elif id_ not in known:
                _unknown_step(id_, scope, place, report)


def _unknown_step(id_: str, scope: Scope, place: Path, report: Report) -> None:
    if is_action(id_):
        hint = "an action stands alone in `on_failure`, where it judges the failure; other recoveries: `recovery`"
        report.at_value("TRD0107", f"`{id_}` is an action, not a step", place, hint=hint)
        return
    guess = report.suggest(id_, scope.by_id)
    meant = scope.by_id.get(guess.removeprefix("did you mean `").removesuffix("`?"))
    hint = f"{guess} (defined at line {report.line_of((*meant.path, 'id'))})" if meant else ""
    report.at_value("TRD0107", f"step `{id_}` is not defined", place, hint=hint, label="no step has this id")


def _check_environment(path: Path, report: Report) -> None:
    node = report.document.node(path)
    for key in getattr(node, "entries", ()):
        if key.startswith("TREADLE_"):
            message = f"the variable `{key}` belongs to treadle"
            report.at_key("TRD0109", message, (*path, key), hint="names that begin with TREADLE_ are taken")
