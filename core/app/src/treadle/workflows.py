"""The definitions' side of the facade: finding, checking, compiling and previewing workflows."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from treadle_hookspecs import ExecutionQuery, ExecutionRow, ExitCode, Json, JsonObject, TreadleError

from treadle.last_used import LastUsed
from treadle.lookup import PROJECT, ProjectLibrary, find, known
from treadle.modes import NOTHING_CHOSEN, RunOptions, supervised
from treadle.preview import DryRun, preview
from treadle.records import Records

if TYPE_CHECKING:
    from treadle_engine.plan import Plan

    from treadle.definition import Loaded, Problem, Use
    from treadle.drafts import Draft
    from treadle.lookup import Found
    from treadle.plans import PlanCache
    from treadle.seeing.analysis import Analysis
    from treadle.seeing.graph import WorkflowGraph


@dataclass(frozen=True, slots=True)
class WorkflowEntry:
    """A workflow that can be run by name."""

    name: str
    title: str
    description: str
    version: str
    path: str
    source: str
    """`project`, or the distribution whose catalogue holds it."""


class DefinitionError(TreadleError):
    """A definition with problems; `loaded` has all of them with the text they are about."""

    def __init__(self, loaded: "Loaded") -> None:
        errors = [problem for problem in loaded.problems if problem.severity == "error"]
        first = errors[0]
        super().__init__(
            f"{loaded.path}: {len(errors)} problem{'s' if len(errors) > 1 else ''}; the first: {first.message}",
            code=first.code,
            context={"file": first.file or str(loaded.path), "line": first.line, "column": first.column},
            suggestions=(f"treadle validate {loaded.path}", f"treadle explain {first.code}"),
        )
        self.loaded = loaded


class Workflows(Records):
    """What can be run in a project, and what a run would do. Nothing here starts anything."""

    def close(self) -> None:
        """Close the plans and the store."""
        if "_plans" in self.__dict__:
            self._plans.close()
        super().close()

    def load(self, workflow: str) -> "Loaded":
        """Find a workflow by path or name, load and compile it. Raises `TreadleError` (3) when there is none."""
        from treadle.definition import agents_checked

        return agents_checked(self._load(self._find(workflow)), lambda: self.roster.entries)

    def plan(self, workflow: str) -> "Plan":
        """The compiled plan of a workflow without errors. Raises `DefinitionError`, or `TreadleError` (3) for none."""
        return self._sound(self._find(workflow))[0]

    def validate(self, workflow: str) -> "tuple[Problem, ...]":
        """All problems of a definition: errors, warnings, notes."""
        return tuple(self.load(workflow).problems)

    def workflows(self) -> Sequence[WorkflowEntry]:
        """What can be run by name: the project's, then the catalogues'. The first of a name hides the others."""
        entries: dict[str, WorkflowEntry] = {}
        for found in known(self._root, self.plugins):
            if found.name not in entries:
                entries[found.name] = self._entry(found)
        return list(entries.values())

    def preview(
        self, workflow: str, inputs: Mapping[str, Json] | None = None, options: RunOptions = NOTHING_CHOSEN
    ) -> DryRun:
        """What `run` would do, starting nothing. Raises `TreadleError` for invalid inputs or definitions."""
        plan, _ = self._chosen(self._find(workflow), options)
        return preview(self._settled(plan), self._inputs(plan, inputs), self._root, self.plugins)

    def newest(self, workflow: str) -> ExecutionRow:
        """The newest execution of a workflow in this project. Raises `TreadleError` (3) when there is none."""
        name = self.plan(workflow).name
        rows = self.store.executions(ExecutionQuery(root=str(self._root), workflow=name, limit=1))
        if not rows:
            raise TreadleError(
                f"there is no execution of {name} in {self._root}",
                suggestions=(f"treadle run {workflow}",),
                exit_code=ExitCode.NOT_FOUND,
            )
        return rows[0]

    def define(self, draft: "Draft", *, force: bool = False) -> Path:
        """Write a new workflow to the project's `workflows/`; its path. Raises `TreadleError` when it is unsound."""
        from treadle.drafts import write_draft

        return write_draft(draft, self._root, self.plugins, force=force)

    def format(self, workflow: str, *, check: bool = False) -> bool:
        """Bring a definition's file into its canonical layout; True when that changes it. `check` writes nothing.

        Raises `DefinitionError` for one with problems, and `TreadleError` for one of a catalogue or in JSON.
        """
        from treadle.formatting import format_file

        found = self._find(workflow)
        if found.source not in {"path", PROJECT} or found.path.suffix == ".json":
            raise TreadleError(f"{found.path} is not formatted: only this project's own YAML files are")
        self._sound(found)
        return format_file(found.path.resolve(), check=check)

    def convert(self, path: str) -> str:
        """A definition of any dialect as canonical YAML. Raises `TreadleError` when it has errors (exit code 2)."""
        from treadle.conversion import converted

        return converted(self._find(path).path, self.plugins)

    def graph(self, workflow_or_id: str, *, critical_path: bool = False) -> "WorkflowGraph":
        """The graph of a workflow, or of an execution with its states. Raises `TreadleError` (3) for neither."""
        from treadle.seeing.graph import graph_of_execution, graph_of_plan

        critical = self.analysis(workflow_or_id).critical_path.addresses if critical_path else ()
        found = self._workflow_or_execution(workflow_or_id)
        if isinstance(found, ExecutionRow):
            return graph_of_execution(self._record(found), critical=critical)
        return graph_of_plan(found, critical=critical)

    def analysis(self, workflow_or_id: str) -> "Analysis":
        """Batches, critical path and what could run side by side, of a workflow or of an execution that has run."""
        from treadle.seeing.analysing import analysis_of_execution, analysis_of_plan
        from treadle.seeing.durations import usual_durations

        found = self._workflow_or_execution(workflow_or_id)
        if isinstance(found, ExecutionRow):
            return analysis_of_execution(self._record(found), found, self.store.steps(found.id))
        return analysis_of_plan(found, usual_durations(self.store, str(self._root), found.name))

    def export(self, graph: "WorkflowGraph", form: str) -> str:
        """A graph as an exporter writes it, e.g. `mermaid`. Raises `TreadleError` when nobody offers that form."""
        return str(self.plugins.exporter(form)(graph.to_json()))

    def _workflow_or_execution(self, name: str) -> "Plan | ExecutionRow":
        """A workflow of that name or path, with the settings in force, else the execution whose id begins so."""
        try:
            return self._settled(self._sound(self._find(name))[0])
        except TreadleError as error:
            if error.exit_code != ExitCode.NOT_FOUND:
                raise
            if not self.store.executions(ExecutionQuery(id_prefix=name, limit=1)):
                raise
        return self.resolve(name)

    def _find(self, workflow: str) -> "Found":
        return find(workflow, self._root, self.plugins)

    def _load(self, found: "Found") -> "Loaded":
        from treadle.definition import load_file

        return load_file(found.path, self.plugins, ProjectLibrary(self._root, self.plugins))

    def _sound(self, found: "Found") -> "tuple[Plan, str]":
        """The plan of a definition without errors, and the definition's text."""
        content, suffix = found.path.read_bytes(), found.path.suffix
        plan = self._plans.find(content, suffix, lambda use: self._is_as_it_was(found, use))
        if plan is not None:
            return plan, content.decode()
        loaded = self._load(found)
        if loaded.plan is None:
            raise DefinitionError(loaded)
        self._plans.keep(content, suffix, loaded.plan, loaded.uses)
        return loaded.plan, loaded.text

    def _chosen(self, found: "Found", options: RunOptions) -> "tuple[Plan, str]":
        """The plan as a run with these options has it, and the definition's text."""
        plan, text = self._sound(found) if options.gates is None else self._gated(found, options.gates)
        return options.applied(plan), text

    def _gated(self, found: "Found", path: Path) -> "tuple[Plan, str]":
        """The plan with the gates of a file. Raises `DefinitionError` for what is wrong with either."""
        from treadle.definition import load_file, load_gates

        gates = load_gates(path)
        loaded = load_file(found.path, self.plugins, ProjectLibrary(self._root, self.plugins), gates)
        if loaded.plan is None:
            raise DefinitionError(loaded)
        for name in sorted({at.name for at in gates.gates} - {gate.name for gate in loaded.plan.gates}):
            self._warn(f"gate {name} of {path} is never judged: no step of {loaded.plan.name} publishes its figures")
        return loaded.plan, loaded.text

    def _is_as_it_was(self, found: "Found", use: "Use") -> bool:
        """A file that a plan was compiled with is still the one that is found, and holds the same."""
        beside = Path(use.beside) if use.beside else found.path.parent
        path = ProjectLibrary(self._root, self.plugins).file(use.reference, beside)
        if path is None or str(path.resolve()) != use.path:
            return False
        return hashlib.sha256(path.read_bytes()).hexdigest() == use.hash

    @cached_property
    def _plans(self) -> "PlanCache":
        from treadle.plans import PlanCache

        return PlanCache(self.settings.home, self.plugins.records)

    def _entry(self, found: "Found") -> WorkflowEntry:
        try:
            plan, _ = self._sound(found)
        except DefinitionError:
            return WorkflowEntry(found.name, "", "has problems: treadle validate it", "", str(found.path), found.source)
        return WorkflowEntry(found.name, plan.title, plan.description, plan.version, str(found.path), found.source)

    def _inputs(self, plan: "Plan", given: Mapping[str, Json] | None) -> JsonObject:
        from treadle.definition import check_inputs

        return check_inputs(plan, given or {})

    def _settled(self, plan: "Plan") -> "Plan":
        """The plan with what the settings say where the definition is silent; it is pinned with the execution.

        One object for one plan: what is worked out of it while it runs is worked out once for all its executions.
        """
        return self._in_force(plan)

    @cached_property
    def _in_force(self) -> "LastUsed[Plan, Plan]":
        return LastUsed(self._with_settings)

    def _with_settings(self, plan: "Plan") -> "Plan":
        settings = self.settings
        parallel = plan.root.max_parallel or settings.max_parallel
        timeout = plan.timeout if plan.timeout is not None else settings.default_timeout
        plan = replace(plan, root=replace(plan.root, max_parallel=parallel), timeout=timeout)
        return supervised(plan, settings.mode)
