"""What a composition is asked to do: the workflow's inputs, typed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from treadle_hookspecs import Json, JsonObject, TreadleError

from treadle_compose._decisions import PathRule, parse_resolve
from treadle_compose._specs import split_specs

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class Request:
    """A composition as the user asked for it.

    Attributes:
        templates: specs in order.
        target: the project's folder, absolute; it need not be there.
        project_name: `PROJECT_NAME`.
        here: what folders in specs are relative to.
        variables: values by name or `template.NAME`.
        secrets: likewise, sealed where they are stored.
        rules: `--resolve`, then those of a decision file.
        optional: ids that the composition goes on without.
        subdirs: the folder that a template's whole tree goes into, by id.
        trust: what the templates' code may do; "" asks what was answered before.
        sandbox: how much a hook is confined.
        offline: only what the cache holds.
        diff: the plan shows unified differences.
        plan_out: a file for the plan with all of its contents, or "".
        hooks: hooks take part at all.
        stages_out: a folder for a copy of each template's own tree, or "".
        without: templates in the project that are to go.
        whole: the templates are all that there is to be; else what is in the project already stays.
    """

    templates: tuple[str, ...]
    target: Path
    project_name: str
    here: Path
    variables: JsonObject = field(default_factory=dict)
    secrets: JsonObject = field(default_factory=dict)
    rules: tuple[PathRule, ...] = ()
    optional: tuple[str, ...] = ()
    subdirs: Mapping[str, str] = field(default_factory=dict)
    trust: str = ""
    sandbox: Any = "auto"
    offline: bool = False
    diff: bool = False
    plan_out: str = ""
    hooks: bool = True
    stages_out: str = ""
    without: tuple[str, ...] = ()
    whole: bool = False

    @classmethod
    def from_inputs(cls, inputs: Mapping[str, Any]) -> "Request":
        """From the workflow's inputs. Raises `TreadleError` for what cannot be."""
        target = Path(str(inputs["target"]))
        name = str(inputs.get("project_name") or target.name)
        if not _NAME.fullmatch(name):
            raise TreadleError(
                f"{name!r} is no project name",
                suggestions=("give one of letters, digits, '.', '_' and '-': --project-name my-app",),
            )
        settled = [
            PathRule(it["path"], it["strategy"], it.get("key", ""), it.get("by", "rule"))
            for it in inputs.get("decisions") or ()
        ]
        return cls(
            split_specs(inputs["templates"]),
            target,
            name,
            Path(str(inputs.get("here") or Path.cwd())),
            dict(inputs.get("variables") or {}),
            dict(inputs.get("secrets") or {}),
            (*parse_resolve(inputs.get("resolve") or ()), *settled),
            tuple(inputs.get("optional") or ()),
            dict(inputs.get("subdirs") or {}),
            str(inputs.get("trust") or ""),
            inputs.get("sandbox") or "auto",
            bool(inputs.get("offline")),
            bool(inputs.get("diff")),
            str(inputs.get("plan_out") or ""),
            inputs.get("hooks") is not False,
            str(inputs.get("stages_out") or ""),
            tuple(inputs.get("without") or ()),
            bool(inputs.get("whole")),
        )

    def built_in(self, ids: Sequence[str]) -> dict[str, Json]:
        """The variables that every template has."""
        return {
            "PROJECT_NAME": self.project_name,
            "PROJECT_ROOT": str(self.target),
            "COMPOSED_TEMPLATES": list(ids),
        }

    @property
    def hidden(self) -> tuple[str, ...]:
        """The texts of secret answers, the longest first: what holds one of them is not kept."""
        texts = {str(value) for value in self.secrets.values() if value not in (None, "")}
        return tuple(sorted(texts, key=len, reverse=True))

    @property
    def given(self) -> dict[str, Json]:
        """Variables and secrets together."""
        return {**self.variables, **self.secrets}
