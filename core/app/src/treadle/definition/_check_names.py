"""Checks of expressions: that they can be read, and that what they name can be there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from treadle_engine.expressions import ExpressionError, Reference, references

from treadle.definition._catalogue import Catalogue
from treadle.definition._document import Path, Scalar, Table, scalars
from treadle.definition._family import Children
from treadle.definition._known_outputs import known_outputs
from treadle.definition._order import Order
from treadle.definition._places import Spot, spots_of
from treadle.definition._problems import Severity
from treadle.definition._report import Report
from treadle.definition._run_text import RunTextError, run_text
from treadle.definition._scopes import Scope, StepAt, is_mode
from treadle.definition._structure import Structure

_GIVEN: Final = {
    "loop": "`loop` is known in the steps of a `loop`, and in its `until` and `while`",
    "item": "`item` belongs to `for_each`: it is known in what such a step does",
    "matrix": "`matrix` is known in what a step with `matrix` does",
    "signal": "`signal` is known in the `match` of a `wait_for` with `signal`",
    "event": "`event` is known in an event trigger, and in the `match` of a `wait_for` with `event`",
    "items": "`items` is known in `stop_when`; a list of outputs is `steps.ID.outputs.items`",
}
_OF_STEP: Final = ("outputs", "state", "outcome", "visit", "visits", "error")
_FIXED: Final = {
    "workflow": ("name", "status", "error"),
    "execution": ("id", "root", "started_by"),
    "signal": ("name", "data", "by"),
    "event": ("name", "data", "type"),
    "loop": ("index", "previous"),
}
_WHOLE: Final = 'hand it over whole: env: {TOKEN: "{{ secrets.NAME }}"}'


@dataclass(frozen=True, slots=True)
class _Use:
    """A reference at its place."""

    reference: Reference
    scalar: Scalar
    spot: Spot


def check_names(
    structure: Structure,
    scopes: tuple[Scope, ...],
    catalogue: Catalogue,
    children: Children,
    orders: dict[Path, Order],
    report: Report,
) -> None:
    """Every expression of the definition. `orders` are the scopes' by their path, where their edges are sound."""
    checker = _Names(structure, scopes, catalogue, children, orders, report)
    for spot in spots_of(structure.workflow, scopes):
        node = report.document.node(spot.path)
        for scalar in scalars(node) if node is not None else ():
            if isinstance(scalar.value, str):
                checker.check(scalar, spot)


class _Names:
    def __init__(
        self,
        structure: Structure,
        scopes: tuple[Scope, ...],
        catalogue: Catalogue,
        children: Children,
        orders: dict[Path, Order],
        report: Report,
    ) -> None:
        self._children = children
        self._written_ids = structure.ids
        self._scopes = scopes
        self._catalogue = catalogue
        self._orders = orders
        self._report = report
        self._declared = {key: self._written(key) for key in ("inputs", "vars", "secrets", "env")}
        for scope in scopes:
            for at in scope.steps:
                self._declared["vars"] |= set(at.step.set or ())
        self._checks: dict[str, Callable[[_Use], None]] = {
            "inputs": self._declared_name,
            "vars": self._declared_name,
            "env": self._declared_name,
            "secrets": self._secret,
            "steps": self._step,
            "outputs": self._own_output,
            "workflow": self._fixed,
            "execution": self._fixed,
            "event": self._fixed,
            "signal": self._fixed,
            "loop": self._fixed,
        }

    def _written(self, key: str) -> set[str]:
        node = self._report.document.node((key,))
        return set(node.entries) if isinstance(node, Table) else set()

    def check(self, scalar: Scalar, spot: Spot) -> None:
        """One text."""
        text = str(scalar.value)
        if spot.path[-1] == "join" and is_mode(text):
            return
        if not spot.bare and "{{" not in text and "{%" not in text:
            return
        try:
            if spot.interpreter:
                run_text(text, spot.interpreter)
            found = references(text, expression=spot.bare)
        except ExpressionError as error:
            self._report.within("TRD0130", error.message, scalar, error.offset, 2, label="here")
        except RunTextError as error:
            message = f"here no expression can stand: {error.message}"
            self._report.within("TRD0136", message, scalar, error.offset, error.length, hint=error.hint)
        else:
            for reference in found:
                self._reference(_Use(reference, scalar, spot))

    def _reference(self, use: _Use) -> None:
        first = use.reference.path[0]
        if first not in use.spot.names:
            self._unknown_context(use, first)
        elif first in self._checks and (len(use.reference.path) > 1 or first == "secrets"):
            self._checks[first](use)

    def _tell(self, code: str, message: str, use: _Use, *, hint: str = "", severity: Severity = "error") -> None:
        offset, length = use.reference.offset, use.reference.length
        self._report.within(code, message, use.scalar, offset, length, hint=hint, severity=severity)

    def _unknown_context(self, use: _Use, first: str) -> None:
        hint = self._report.suggest(first, use.spot.names) or f"known here: {', '.join(sorted(use.spot.names))}"
        if first in _GIVEN:
            hint = _GIVEN[first]
        elif first == "secrets":
            hint = "secrets may stand in `with` and `env` only"
        elif first in ("outputs", "error") and use.spot.step is not None:
            hint = f"`{first}` is known when the step has ended: in `switch`, `retry.when` and `compensate`"
        elif first in self._declared["inputs"]:
            hint = f"did you mean `inputs.{first}`?"
        self._tell("TRD0131", f"`{first}` is not a name that is known here", use, hint=hint)

    def _declared_name(self, use: _Use) -> None:
        kind, name = use.reference.path[:2]
        if name in self._declared[kind]:
            return
        word = {"inputs": "input", "vars": "variable", "env": "environment variable"}[kind]
        where = "the workflow's `env`" if kind == "env" else f"`{kind}`"
        hint = self._report.suggest(name, self._declared[kind]) or f"declare it under {where}"
        self._tell("TRD0131", f"{word} `{name}` is not declared", use, hint=hint)

    def _secret(self, use: _Use) -> None:
        path, whole = use.reference.path, use.reference.whole
        text = str(use.scalar.value).strip()
        alone = text.startswith("{{") and text.find("}}") == len(text) - 2
        if len(path) != 2 or not whole or not (alone or use.spot.interpreter):
            self._tell("TRD0135", "a secret cannot be part of an expression or a text", use, hint=_WHOLE)
        elif path[1] not in self._declared["secrets"]:
            hint = self._report.suggest(path[1], self._declared["secrets"]) or "declare it under `secrets`"
            self._tell("TRD0131", f"secret `{path[1]}` is not declared", use, hint=hint)

    def _fixed(self, use: _Use) -> None:
        first, name = use.reference.path[:2]
        if name not in _FIXED[first]:
            self._tell("TRD0131", f"`{first}` has no `{name}`", use, hint=f"it has {', '.join(_FIXED[first])}")

    def _own_output(self, use: _Use) -> None:
        if use.spot.step is not None:
            self._output(use, use.spot.step, use.reference.path[1], of_item=use.spot.inner)

    def _step(self, use: _Use) -> None:
        path = use.reference.path
        at, scope = self._named(path[1], use.spot.scope)
        if at is None or scope is None:
            self._unknown_step(use, path[1])
        elif at.sound:
            if len(path) > 2 and path[2] not in _OF_STEP:
                hint = self._report.suggest(path[2], _OF_STEP) or f"it has {', '.join(_OF_STEP)}"
                if path[2] in known_outputs(at, self._catalogue, self._children).names:
                    hint = f"did you mean `steps.{path[1]}.outputs.{path[2]}`?"
                self._tell("TRD0131", f"a step has no `{path[2]}`", use, hint=hint)
            elif len(path) > 3 and path[2] == "outputs":
                self._output(use, at, path[3])
            if use.spot.step is not None and use.spot.scope is not None:
                self._check_order(use, at, scope)

    def _named(self, id_: str, scope: Scope | None) -> tuple[StepAt | None, Scope | None]:
        """A step as an expression sees it: of its own scope, else of one around it, else of the workflow's."""
        for candidate in self._visible(scope):
            if id_ in candidate.by_id:
                return candidate.by_id[id_], candidate
        return None, None

    def _visible(self, scope: Scope | None) -> list[Scope]:
        """The lists whose steps an expression sees: its own, those around it, and the workflow's."""
        own = [] if scope is None else list(scope.outward())
        return own + [main for main in self._scopes[:1] if main not in own]

    def _unknown_step(self, use: _Use, id_: str) -> None:
        elsewhere = next((scope for scope in self._scopes if id_ in scope.by_id), None)
        if elsewhere is None and id_ in self._written_ids:
            return  # the step is there and has a problem of its own
        visible = [name for scope in self._visible(use.spot.scope) for name in scope.by_id]
        hint = self._report.suggest(id_, visible)
        if elsewhere is not None:
            hint = f"it stands in `{elsewhere.body}`, which has not run yet"
            if elsewhere.owner is not None:
                hint = f"it is inside `{elsewhere.body}`; from there: `steps.{elsewhere.body}.outputs.{id_}`"
        self._tell("TRD0107", f"step `{id_}` is not defined", use, hint=hint)

    def _output(self, use: _Use, at: StepAt, name: str, *, of_item: bool = False) -> None:
        known = known_outputs(at, self._catalogue, self._children, of_item=of_item)
        if not known.closed or name in known.names or use.reference.guarded:
            return
        hint = self._report.suggest(name, known.names) or f"it has {', '.join(sorted(known.names))}"
        self._tell("TRD0133", f"step `{at.step.id}` has no output `{name}`", use, hint=hint)

    def _check_order(self, use: _Use, named: StepAt, scope: Scope) -> None:
        order, own = self._orders.get(scope.path), _standing_in(scope, use.spot)
        if order is None or own is None or (use.spot.after and named is use.spot.step):
            return
        verdict = order.verdict(named.step.id, own.step.id)
        if verdict == "never":
            message = f"step `{named.step.id}` cannot have run before `{own.step.id}`"
            self._tell("TRD0134", message, use, hint="use it in a step that comes later")
        elif verdict == "unsure" and use.reference.path[2:3] == ("outputs",) and not use.reference.guarded:
            message = f"nothing says that `{named.step.id}` has run before `{own.step.id}`"
            self._tell("TRD0126", message, use, hint=f"add `{named.step.id}` to its `needs`", severity="warning")


def _standing_in(scope: Scope, spot: Spot) -> StepAt | None:
    """The step of a scope that an expression belongs to, or that it is inside of."""
    own = spot.step
    for inner in spot.scope.outward() if spot.scope is not None else ():
        if inner is scope:
            return own
        own = inner.owner
    return None
