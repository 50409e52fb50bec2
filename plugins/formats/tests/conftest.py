from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from treadle import Treadle
from treadle_hookspecs import Action, ActionContext, Module, RollbackAction, hookimpl
from treadle_testkit import ClosedPluginHost, Project

SAMPLES = Path(__file__).parent / "samples"
ANSWERS: dict[str, Callable[..., Any]] = {}
CALLS: list[tuple[str, Mapping[str, Any]]] = []

MODULES: dict[str, dict[str, tuple[str, ...]]] = {
    "analysis": {
        "analyze-requirements": ("analysis",),
        "analyze-change": ("analyze_pr",),
        "generate-tasks": ("generate_tasks",),
        "context": ("context-analyzer", "rag-retrieval"),
    },
    "planning": {"create-implementation-plan": (), "design-document": ("generate-design",)},
    "implementation": {"implement-feature": ("implement-feature",), "rollback-changes": ()},
    "testing": {
        "run-tests": ("run_tests", "emergency_tests", "integration_tests"),
        "fix-failing-tests": ("auto-fix-tests",),
        "generate-tests": ("generate-tests",),
    },
    "documentation": {"update-docs": ("update_documentation",)},
    "review": {"create-pr": ()},
    "system": {"handle-error": (), "notify-completion": ("notify_completion",)},
    "quality": {"assess": ("quality-assessor", "validate_code", "validate_hotfix", "compatibility_check")},
    "security": {"audit": ("security_audit",)},
    "git": {
        "checkout-worktree": ("deploy_branch", "deploy_production"),
        "commit": ("commit_changes",),
    },
    "error-analysis": {
        "classify": ("error-classifier",),
        "propose": ("llm-interaction",),
        "validate": ("solution-validator",),
        "feature": ("feature_analysis", "performance_benchmark"),
    },
}


async def act(*, context: ActionContext, **inputs: Any) -> Any:
    """What every action of these tests does: it is noted, and answers as the test says."""
    if "context_" in inputs:
        inputs["context"] = inputs.pop("context_")
    name = str(context.address).split("#")[0].rsplit("/", 1)[-1]
    CALLS.append((name, inputs))
    answer = ANSWERS.get(name)
    return answer(**inputs) if answer is not None else {}


class Scripted:
    """Stand-ins for the modules that the samples name."""

    @hookimpl
    def treadle_modules(self) -> Iterator[Module]:
        for module, actions in MODULES.items():
            made = (
                Action(
                    name, f"{__name__}:act", aliases=aliases, inputs={"type": "object", "additionalProperties": True}
                )
                for name, aliases in actions.items()
            )
            yield Module(module, "1", tuple(made))

    @hookimpl
    def treadle_rollback_actions(self) -> Iterator[RollbackAction]:
        yield RollbackAction("cleanup-validation", f"{__name__}:act")


class Samples:
    """The samples, and what became of a run."""

    def __init__(self, treadle: Treadle, root: Path) -> None:
        self.treadle = treadle
        self.root = root
        self.answers = ANSWERS

    def place(self, name: str, change: Callable[[str], str] = lambda text: text) -> Path:
        path = self.root / name
        path.write_text(change((SAMPLES / name).read_text()))
        return path

    def run(self, name: str, **inputs: Any) -> Any:
        return self.treadle.run(str(self.place(name)), inputs)

    def problems(self, name: str, change: Callable[[str], str]) -> list[tuple[int, str]]:
        found = self.treadle.validate(str(self.place(name, change)))
        return [(problem.line, problem.message) for problem in found if problem.severity == "error"]

    @property
    def calls(self) -> list[tuple[str, Mapping[str, Any]]]:
        return CALLS

    @property
    def path(self) -> list[str]:
        return [name for name, _ in CALLS]

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.path)


@pytest.fixture
def samples(treadle_project: Project, plugin_host: ClosedPluginHost) -> Iterator[Samples]:
    plugin_host.register_installed("sqlite", "formats")
    plugin_host.register(Scripted(), name="scripted")
    CALLS.clear()
    ANSWERS.clear()
    with Treadle(treadle_project.root, plugins=plugin_host) as treadle:
        yield Samples(treadle, treadle_project.root)
