"""From the model to the engine's plan. The model has been checked: nothing here can be wrong any more."""

from dataclasses import replace
from typing import Any

from treadle_engine.expressions import ExpressionError, compile_value
from treadle_engine.link import link
from treadle_engine.plan import (
    Budget,
    Cache,
    Compensation,
    Concurrency,
    Isolation,
    Items,
    Limits,
    Loop,
    Plan,
    Retry,
    RollbackPolicy,
    ScopePlan,
    SecretSource,
    StepPlan,
)
from treadle_hookspecs import Action, Json, JsonObject

from treadle.definition import _model as model
from treadle.definition._catalogue import Catalogue
from treadle.definition._compile_waits import input_spec, output_spec, waiting
from treadle.definition._document import Document, Path
from treadle.definition._family import Children
from treadle.definition._gates import Gated, figure_pairs
from treadle.definition._known_outputs import RUN
from treadle.definition._run_text import RunText, run_text
from treadle.definition._scopes import Scope, StepAt, chosen, edges, inner_bodies, targets


def compiled(
    workflow: model.Workflow,
    gating: Gated,
    catalogue: Catalogue,
    children: Children,
    document: Document,
) -> Plan:
    """The linked plan of a definition without errors."""
    scopes = gating.scopes
    compiler = _Compiler(workflow, scopes, catalogue, children, document)
    bodies = {scope.path[0]: link(compiler.scope(scope)) for scope in scopes if scope.owner is None}
    rollback = workflow.rollback or model.Rollback.model_validate({})
    return Plan(
        name=workflow.name,
        root=bodies["steps"],
        title=workflow.title,
        version=workflow.version,
        description=workflow.description,
        inputs=tuple(input_spec(name, spec) for name, spec in workflow.inputs.items()),
        outputs=tuple(workflow.outputs.items()),
        triggers=tuple(map(_trigger, workflow.triggers)),
        env=dict(workflow.env),
        secrets=tuple((name, _secret(source)) for name, source in workflow.secrets.items()),
        vars=dict(workflow.vars),
        timeout=workflow.timeout,
        concurrency=_groups(workflow.concurrency),
        budget=_budget(workflow.budget) or _empty_budget(scopes),
        rollback=RollbackPolicy(
            None if rollback.after is None else tuple(rollback.after), rollback.parallel, rollback.on_error
        ),
        on_failure=bodies.get("on_failure"),
        on_cancel=bodies.get("on_cancel"),
        finally_=bodies.get("finally"),
        mode=workflow.mode or "",
        gates=gating.gates,
        snapshots=any(at.step.checkpoint for scope in scopes for at in scope.steps),
    )


def _trigger(trigger: model.Trigger) -> tuple[str, JsonObject]:
    entry = trigger.model_dump(by_alias=True, exclude_unset=True)
    name, spec = next(iter(entry.items()))
    return name, {key: value for key, value in (spec or {}).items() if value is not None}


def _secret(source: model.Secret) -> SecretSource:
    kind = next(iter(source.model_fields_set))
    return SecretSource(kind, getattr(source, kind))  # type: ignore[arg-type]


class _Compiler:
    def __init__(
        self,
        workflow: model.Workflow,
        scopes: tuple[Scope, ...],
        catalogue: Catalogue,
        children: Children,
        document: Document,
    ) -> None:
        self._workflow = workflow
        self._scopes = {scope.path: scope for scope in scopes}
        self._catalogue = catalogue
        self._children = children
        self._document = document
        self._defaults = workflow.defaults or model.Defaults.model_validate({})

    def scope(self, scope: Scope) -> ScopePlan:
        """A scope, not yet linked. `start` is the workflow's own; what is in a handler never fails fast."""
        return ScopePlan(
            tuple(map(self._step, scope.steps)),
            start=(targets(self._workflow.start) or ()) if scope.main else (),
            max_parallel=self._workflow.max_parallel or 0 if scope.owner is None else 0,
            fail_fast=self._fail_fast(scope.path),
        )

    def _step(self, at: StepAt) -> StepPlan:
        step = at.step
        line = self._document.place(self._document.nearest(at.path)).line
        plan = replace(edges(at), name=step.name, line=line, checkpoint=_checkpoint(step))
        plan = replace(plan, concurrency=_groups(step.concurrency), budget=_budget(step.budget))
        plan = self._doing(plan, at)
        if at.judges:
            plan = replace(plan, switch=chosen(step), on_interrupt="retry")
        return self._repeated(plan, at) if at.repeated else plan

    def _doing(self, plan: StepPlan, at: StepAt) -> StepPlan:
        """What the step does, once."""
        if at.calls:
            return self._call(plan, at)
        plan = replace(plan, idempotent=True, on_interrupt="retry")
        if at.kind in model.WAITS:
            return waiting(plan, at.step)
        if at.kind in model.BOUNDED:
            plan = self._bounded(plan, at.step)
        if at.step.workflow is not None:
            return self._running(plan, at.step, at.step.workflow)
        return self._scoped(plan, at) if at.kind in model.SCOPED else replace(plan, with_=_small(at, plan))

    def _bounded(self, plan: StepPlan, step: model.Step) -> StepPlan:
        """The attempts of a step that holds scopes, and how they are undone. `defaults` is about calls."""
        return replace(
            plan,
            retry=_retry(step.retry),
            timeout=step.timeout,
            compensate=self._compensation(step.compensate) if step.compensate else None,
            irreversible=step.irreversible,
        )

    def _running(self, plan: StepPlan, step: model.Step, reference: str) -> StepPlan:
        """A step that runs another workflow; the sooner of its time-out and the workflow's counts."""
        member = self._children.find(reference)
        if member is None or member.workflow is None:
            return plan
        limits = [limit for limit in (step.timeout, member.workflow.timeout) if limit is not None]
        return replace(
            plan,
            with_=step.with_ or {},
            workflow=member.key,
            detached=step.detached,
            undoes=not step.detached and self._children.family.undoes(member),
            timeout=min(limits, default=None) if not step.detached else None,
            concurrency=(*plan.concurrency, *_inner_groups(member.workflow, step)),
        )

    def _repeated(self, once: StepPlan, at: StepAt) -> StepPlan:
        """A step that runs for each item: needs, routes and bounds are its own, the rest is each item's."""
        step = at.step
        bounded = once.retry.max_attempts > 1 or once.timeout is not None or once.compensate or once.irreversible
        single = once.kind not in {"parallel", "steps"} or bool(bounded) or bool(once.concurrency)
        fields = {key: getattr(once, key) for key in ("action", "with_", "env", "retry", "timeout", "outputs")}
        fields |= {key: getattr(once, key) for key in ("compensate", "irreversible", "idempotent", "on_interrupt")}
        fields |= {key: getattr(once, key) for key in ("uncertain", "risk", "line", "name", "body", "loop", "branches")}
        fields |= {
            key: getattr(once, key)
            for key in (
                "figures",
                "limits",
                "cache",
                "concurrency",
                "wait_for",
                "approval",
                "keep_changes",
                "isolation",
                "agents",
            )
        }
        fields |= {key: getattr(once, key) for key in ("workflow", "detached", "undoes")}
        inner = ScopePlan((StepPlan(once.id, once.kind, **fields),), fail_fast=self._fail_fast(at.path))
        return replace(
            edges(at),
            kind=at.repeated,  # type: ignore[arg-type]
            name=step.name,
            line=once.line,
            checkpoint=once.checkpoint,
            with_=_items_value(step),
            idempotent=True,
            on_interrupt="retry",
            body=inner if single or once.body is None else once.body,
            items=Items(step.max_parallel or 0, step.min_success, step.stop_when or "", single),
        )

    def _fail_fast(self, path: Path) -> bool | None:
        return self._workflow.fail_fast if path[0] == "steps" else False

    def _scoped(self, plan: StepPlan, at: StepAt) -> StepPlan:
        """A step that opens scopes."""
        bodies = [self.scope(self._scopes[*at.path, *keys]) for keys, _ in inner_bodies(at.step)]
        if at.step.parallel is not None:
            limit = at.step.parallel.max_parallel or 0
            return replace(plan, body=replace(bodies[0], max_parallel=limit, ordered=False))
        if at.step.race is not None:
            return replace(plan, branches=tuple(zip(at.step.race, bodies, strict=True)))
        return replace(plan, body=bodies[0], loop=_loop(at.step.loop))

    def _call(self, plan: StepPlan, at: StepAt) -> StepPlan:
        step = at.step
        name = RUN if step.run is not None else self._catalogue.canonical(str(step.uses))
        action = self._catalogue.action(name)
        idempotent = step.idempotent if step.idempotent is not None else action is not None and action.idempotent
        with_, env = _command(step) if step.run is not None else (step.with_ or {}, {})
        return replace(
            plan,
            action=name,
            with_=with_,
            env={**step.env, **env},
            retry=self._retry(step.retry),
            timeout=step.timeout if step.timeout is not None else self._defaults.timeout,
            outputs=tuple((key, output_spec(output)) for key, output in step.outputs.items()),
            compensate=self._compensation(step.compensate) if step.compensate else None,
            irreversible=step.irreversible,
            idempotent=idempotent,
            on_interrupt=step.on_interrupt or ("retry" if idempotent else "ask"),
            uncertain=name == RUN,
            risk=step.risk or _risk(action),
            figures=figure_pairs(step, self._catalogue),
            limits=self._limits(step.limits),
            cache=_cache(step.cache),
            keep_changes=step.keep_changes,
            isolation=_isolation(step),
            agents=self._agents(step),
        )

    def _agents(self, step: model.Step) -> tuple[str, ...]:
        """A step's own agent with its own fallbacks; without one, those of `defaults`."""
        if step.agent is None and self._defaults.agent is None:
            return tuple(step.fallback)
        fallback = step.fallback if step.agent or step.fallback else self._defaults.fallback
        return tuple(dict.fromkeys([step.agent or str(self._defaults.agent), *fallback]))

    def _retry(self, own: model.Retry | None) -> Retry:
        """A step's `retry` over that of `defaults`, key by key."""
        return _retry(self._defaults.retry, own)

    def _limits(self, own: model.Limits | None) -> Limits | None:
        """A step's `limits` over those of `defaults`, key by key."""
        merged: dict[str, Any] = {}
        for written in filter(None, (self._defaults.limits, own)):
            merged |= written.model_dump(exclude_none=True)
        return Limits(**merged) if merged else None

    def _compensation(self, undo: model.Compensate) -> Compensation:
        if undo.action is not None:
            return Compensation(undo.action, undo.with_, rollback_action=True, when=undo.when)
        if undo.uses is not None:
            return Compensation(self._catalogue.canonical(undo.uses), undo.with_, when=undo.when)
        return Compensation(RUN, _undoing_command(str(undo.run)), when=undo.when)


def _retry(*written: model.Retry | None) -> Retry:
    """What was written, the later over the earlier, key by key."""
    merged: dict[str, Any] = {}
    for one in filter(None, written):
        merged |= {name: getattr(one, name) for name in one.model_fields_set}
    if merged.get("when", "") is None:
        del merged["when"]
    return Retry(**merged)


def _checkpoint(step: model.Step) -> str:
    return step.id if step.checkpoint is True else step.checkpoint or ""


def _isolation(step: model.Step) -> Isolation | None:
    if step.isolation is None:
        return None
    name, merge = step.isolation.worktree, step.isolation.merge
    return Isolation(name or step.id, name is None if merge is None else merge, step.isolation.check or "")


def _groups(groups: list[model.Concurrency]) -> tuple[Concurrency, ...]:
    return tuple(Concurrency(group.group, group.limit, group.on_conflict) for group in groups)


def _inner_groups(workflow: model.Workflow, step: model.Step) -> tuple[Concurrency, ...]:
    """The groups of a workflow that a step runs, which the step asks for; an execution of its own asks itself."""
    return () if step.detached else tuple(replace(group, inner=True) for group in _groups(workflow.concurrency))


def _budget(budget: model.Budget | None) -> Budget | None:
    return None if budget is None else Budget(budget.time, budget.money, budget.tokens, budget.visits)


def _empty_budget(scopes: tuple[Scope, ...]) -> Budget | None:
    """Where only steps have one, what is used is counted all the same."""
    return Budget() if any(at.step.budget is not None for scope in scopes for at in scope.steps) else None


def _cache(cache: model.Cache | None) -> Cache | None:
    if cache is None:
        return None
    return Cache(tuple(cache.files), tuple(cache.env), tuple(cache.produces), cache.ttl)


def _items_value(step: model.Step) -> Json:
    if step.for_each is not None:
        return {"items": step.for_each}
    return {"matrix": step.matrix or {}, "include": step.include or [], "exclude": step.exclude or []}


def _loop(loop: model.Loop | None) -> Loop | None:
    if loop is None:
        return None
    return Loop(loop.max, loop.until or "", loop.while_ or "", loop.delay, loop.on_exhausted)


def _undoing_command(script: str) -> dict[str, Json]:
    """Inputs of `command/run` for a compensation, which has no environment: values come as arguments of the shell."""
    text = run_text(script, "sh")
    if not text.variables:
        return {"script": text.script, "shell": "sh"}
    taken = "".join(f"{name}=${{{number}}}; " for number, name in enumerate(text.variables, 1))
    values: list[Json] = [_argument(value) for value in text.variables.values()]
    return {"argv": ["sh", "-e", "-c", f"{taken}shift {len(values)}; {text.script}", "sh", *values]}


def _small(at: StepAt, plan: StepPlan) -> Json:
    """What the kinds that call nothing hold; see `treadle_engine.plan.StepKind`."""
    step = at.step
    if step.emit is not None:
        return {"event": step.emit.name, "data": step.emit.data}
    if step.end is not None:
        return {"status": step.end}
    return dict(step.set) if step.set is not None else plan.with_


def _command(step: model.Step) -> tuple[dict[str, Json], dict[str, str]]:
    """Inputs and environment of `command/run`."""
    with_: dict[str, Json] = {} if step.cwd is None else {"cwd": step.cwd}
    if isinstance(step.run, list):
        return {"argv": [_argument(item) for item in step.run], **with_}, {}
    if isinstance(step.shell, list):
        text = run_text(str(step.run), step.shell[0])
        return {"argv": [*step.shell, text.script], **with_}, {}
    shell = step.shell or "sh"
    compiled_text: RunText = run_text(str(step.run), shell)
    return {"script": compiled_text.script, "shell": shell, **with_}, compiled_text.variables


def _argument(item: str) -> str:
    """An argument is a text, also when it is one expression that gives something else."""
    text = item.strip()
    try:
        whole = not compile_value(item).constant and text.startswith("{{") and text.count("{{") == 1
    except ExpressionError:
        whole = False
    if not whole or not text.endswith("}}") or text[2:-2].strip().startswith("secrets."):
        return item
    return "{{ (" + text[2:-2].strip() + ") | string }}"


def _risk(action: Action | None) -> Any:
    return action.risk if action is not None else "low"
