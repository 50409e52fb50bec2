"""What each template is rendered with: its own variables, those that are shared, and what is computed from them.

Every template has a namespace. Values cross from one to another in three ways only: `provides` of one that is named in
`shared` or `mappings` of another, a variable that several list as shared, and what the user gives.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from treadle_hookspecs import Json, JsonObject, Question, TreadleError

from treadle_compose._arithmetic import evaluate, names_in
from treadle_compose._manifest import Manifest
from treadle_compose._rows import Row

BUILT_IN: Final = ("PROJECT_NAME", "PROJECT_ROOT", "COMPOSED_TEMPLATES")
_LONGEST: Final = 100_000

Evaluate = Callable[[str, Mapping[str, Json]], Json]
"""Evaluates a text with `{{ expressions }}`."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the user says about variables.

    Attributes:
        values: by name, or by `template.NAME`; text from the command line is converted to the question's type.
        built_in: `PROJECT_NAME`, `PROJECT_ROOT`, `COMPOSED_TEMPLATES`.
        strategies: how a shared variable with several defaults is decided, by name: first, last, `template:ID`.
        present: what templates that are in the project already offer.
    """

    values: Mapping[str, Json]
    built_in: JsonObject
    strategies: Mapping[str, str]
    present: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contexts:
    """What came out.

    Attributes:
        values: for each template by id.
        secrets: names of secret variables.
        missing: questions without an answer, by template.
        rows: variable conflicts, open and decided.
    """

    values: Mapping[str, JsonObject]
    secrets: frozenset[str]
    missing: tuple[tuple[str, Question], ...]
    rows: tuple[Row, ...]


def contexts(manifests: Sequence[Manifest], given: Given, evaluate_text: Evaluate) -> Contexts:
    """All namespaces. Pure but for `evaluate_text`.

    Raises:
        TreadleError: a value is refused, or one was given that no template knows.
    """
    return _Naming(manifests, given, evaluate_text).run()


class _Naming:
    """Fills the namespaces, template by template in composition order."""

    def __init__(self, manifests: Sequence[Manifest], given: Given, evaluate_text: Evaluate) -> None:
        self._manifests = manifests
        self._given = given
        self._text = evaluate_text
        self._pool: dict[str, Json] = dict(given.present)
        """Shared and provided values."""
        self._missing: list[tuple[str, Question]] = []
        self._rows: list[Row] = []
        self._values: dict[str, dict[str, Json]] = {}

    def run(self) -> Contexts:
        """See `contexts`."""
        self._check_known()
        self._pool.update(self._shared_defaults())
        for manifest in self._manifests:
            self._values[manifest.id] = self._own(manifest)
            self._provide(manifest)
        # A second turn: what a later template provides reaches an earlier one.
        for manifest in self._manifests:
            self._map(manifest, self._values[manifest.id])
        secret = frozenset(it.name for manifest in self._manifests for it in manifest.questions if it.secret)
        return Contexts(self._values, secret, tuple(self._missing), tuple(self._rows))

    def _check_known(self) -> None:
        from difflib import get_close_matches

        known = {name for manifest in self._manifests for name in _names(manifest)} | set(BUILT_IN)
        known |= {f"{manifest.id}.{name}" for manifest in self._manifests for name in _names(manifest)}
        for name in self._given.values:
            if name not in known:
                meant = tuple(f"did you mean `{it}`?" for it in get_close_matches(name, known, n=1))
                raise TreadleError(
                    f"no template has a variable {name}",
                    suggestions=(*meant, f"there are: {', '.join(sorted(known - set(BUILT_IN)))[:2000] or 'none'}"),
                )

    def _shared_defaults(self) -> Iterator[tuple[str, Json]]:
        """Shared variables: given, or the one default that there is, or the one that a strategy picks."""
        names = dict.fromkeys(name for manifest in self._manifests for name in manifest.shared)
        for name in names:
            if name in self._given.values:
                yield name, self._given.values[name]
                continue
            offers = [
                (manifest.id, self._given.values.get(f"{manifest.id}.{name}", question.default))
                for manifest in self._manifests
                if name in manifest.shared
                for question in manifest.questions
                if question.name == name and question.default is not None
            ]
            if len({json.dumps(value, sort_keys=True) for _, value in offers}) > 1:
                self._rows.append(self._decided(name, offers))
                chosen = _picked(self._given.strategies.get(name, ""), offers)
                yield name, chosen if chosen is not None else offers[0][1]

    def _decided(self, name: str, offers: Sequence[tuple[str, Json]]) -> Row:
        strategy = self._given.strategies.get(name, "")
        decided = _picked(strategy, offers) is not None
        ids = tuple(owner for owner, _ in offers)
        return Row(
            kind="variable",
            path=name,
            contributors=ids,
            values=tuple(value for _, value in offers),
            strategy=strategy if decided else "",
            by="--resolve" if decided else "",
            resolved=decided,
            hint="" if decided else f"give it: --variables {name}=VALUE",
            strategies=("first", "last", *(f"template:{owner}" for owner in ids)),
        )

    def _own(self, manifest: Manifest) -> dict[str, Json]:
        values: dict[str, Json] = dict(self._given.built_in)
        for name in manifest.shared:
            if name in self._pool:
                values[name] = self._pool[name]
        for question in manifest.questions:
            answer = self._answer(manifest, question, values)
            if answer is None and question.required:
                self._missing.append((manifest.id, question))
            else:
                values[question.name] = answer
        return values

    def _answer(self, manifest: Manifest, question: Question, values: Mapping[str, Json]) -> Json:
        for name in (f"{manifest.id}.{question.name}", question.name):
            if name in self._given.values:
                return checked(manifest.id, question, self._given.values[name])
        if question.name in manifest.shared and question.name in self._pool:
            return checked(manifest.id, question, self._pool[question.name])
        default = question.default
        if isinstance(default, str) and "{{" in default:
            default = self._text(default, values)
        return None if default is None else checked(manifest.id, question, default)

    def _provide(self, manifest: Manifest) -> None:
        values = self._values[manifest.id]
        for provide in manifest.provides:
            if provide.type == "variable":
                value = self._computed(provide.name, provide.value, values)
                self._pool.setdefault(provide.name, value)
        # Whoever asks answers for those who only share.
        for question in manifest.questions:
            if question.name in manifest.shared and question.name in values:
                self._pool.setdefault(question.name, values[question.name])

    def _map(self, manifest: Manifest, values: dict[str, Json]) -> None:
        for name in manifest.shared:
            if name in self._pool:
                values.setdefault(name, self._pool[name])
        for name, mapping in manifest.mappings.items():
            # An answer of the user wins over what would be computed.
            own = self._given.values.get(f"{manifest.id}.{name}", self._given.values.get(name))
            value = own if own is not None else self._mapped(manifest, name, mapping, values)
            values[name] = value
            values.setdefault(name.replace("-", "_"), value)

    def _mapped(self, manifest: Manifest, name: str, mapping: Json, values: Mapping[str, Json]) -> Json:
        if not isinstance(mapping, str):
            return mapping
        scope = {**self._pool, **values}
        for needed in names_in(mapping):
            if needed not in scope and needed in self._given.values:
                scope[needed] = self._given.values[needed]
        lacking = [needed for needed in names_in(mapping) if needed not in scope]
        if lacking:
            names = ", ".join(lacking)
            raise TreadleError(
                f"template {manifest.id}: {name} is computed from {mapping!r}, and nobody provides {names}",
                suggestions=tuple(f"give it: --variables {needed}=VALUE" for needed in lacking),
            )
        try:
            return evaluate(mapping, scope)
        except TreadleError as error:
            error.context = {**error.context, "template": manifest.id, "mapping": name}
            raise

    def _computed(self, name: str, value: Json, values: Mapping[str, Json]) -> Json:
        if value is None:
            return values.get(name)
        return self._text(value, values) if isinstance(value, str) and "{{" in value else value


def checked(template: str, question: Question, value: Json) -> Json:
    """A value as its question wants it.

    Raises:
        TreadleError: it is of another type, not among the choices, or holds what it must not; never shows a secret.
    """
    shown = "the value" if question.secret else repr(value)
    converted: Json = _converted(question, value)
    if converted is None:
        raise _refused(template, question, f"{shown} is no {question.type}")
    if question.choices and converted not in question.choices:
        raise _refused(template, question, f"{shown} is none of {', '.join(map(str, question.choices))}")
    if isinstance(converted, str) and (reason := _wrong_text(question, converted)):
        raise _refused(template, question, f"{shown} {reason}")
    return converted


def _converted(question: Question, value: Json) -> Any:
    if question.type in ("str", "path-part"):
        return value if isinstance(value, str) else _as_written(value)
    if isinstance(value, str):
        return _read(question.type, value)
    wanted: Mapping[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,)}
    accepted = wanted.get(question.type)
    return value if accepted is None or type(value) in accepted else None


def _as_written(value: Json) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def _read(type: str, text: str) -> Any:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    try:
        if type == "bool":
            return words.get(text.strip().lower())
        return int(text) if type == "int" else float(text) if type == "float" else json.loads(text)
    except ValueError:
        return None


def _wrong_text(question: Question, text: str) -> str:
    if len(text) > _LONGEST:
        return f"has more than {_LONGEST} characters"
    if "\0" in text:
        return "holds a NUL character"
    if not question.multiline and ("\n" in text or "\r" in text):
        return "holds a line end, and the variable is no multiline one"
    if question.required and not text:
        return "is empty"
    if question.pattern and not re.fullmatch(question.pattern, text):
        return f"does not match {question.pattern}"
    if question.type == "path-part":
        from treadle_compose._staging import check_path

        try:
            check_path("", text)
        except TreadleError:
            return "cannot stand as a name in a path"
        return "holds a /" if "/" in text else ""
    return ""


def _refused(template: str, question: Question, reason: str) -> TreadleError:
    return TreadleError(
        f"template {template}, variable {question.name}: {reason}",
        context={"template": template, "variable": question.name},
        suggestions=(f"give another: --variables {question.name}=VALUE",),
    )


def _picked(strategy: str, offers: Sequence[tuple[str, Json]]) -> Json:
    if strategy == "first":
        return offers[0][1]
    if strategy == "last":
        return offers[-1][1]
    if strategy.startswith("value:"):
        return strategy.removeprefix("value:")
    if not strategy.startswith("template:"):
        return None
    return next((value for owner, value in offers if owner == strategy.removeprefix("template:")), None)


def _names(manifest: Manifest) -> Iterator[str]:
    yield from (question.name for question in manifest.questions)
    yield from manifest.shared
    yield from manifest.mappings
    for mapping in manifest.mappings.values():
        if isinstance(mapping, str):
            yield from names_in(mapping)
