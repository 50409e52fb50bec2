"""The contract between treadle and its plugins.

A plugin imports this package and nothing else of treadle. What every command needs is imported with it; the rest when
it is first asked for, so that the thin modules of plugins stay quick to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from treadle_hookspecs._contributions import (
    Action,
    Agent,
    Command,
    ConflictResolver,
    DefinitionFormat,
    Exporter,
    Module,
    Preview,
    ReportFormat,
    Risk,
    RollbackAction,
    Runtime,
    StateStore,
    TemplateSource,
    Tool,
    Trigger,
    TriggerEvent,
    WorkflowCatalogue,
)
from treadle_hookspecs._errors import (
    ActionError,
    ExitCode,
    ToolMissingError,
    TreadleError,
)
from treadle_hookspecs._json import (
    Json,
    JsonObject,
)
from treadle_hookspecs._markers import (
    API_VERSION,
    ENTRY_POINT_GROUP,
    PROJECT,
    hookimpl,
    hookspec,
)

if TYPE_CHECKING:
    from treadle_hookspecs._agents import (
        AgentAnswer,
        AgentBackend,
        AgentHealth,
        AgentResult,
        AgentTask,
        Expectation,
    )
    from treadle_hookspecs._changes import (
        Changes,
        FileChange,
        NewProject,
        ProjectJournal,
    )
    from treadle_hookspecs._composition import (
        ChosenKey,
        CompositionHost,
        CompositionRequest,
        CompositionResult,
        Conflict,
        Contribution,
        FetchedTemplate,
        FileKind,
        KeyRule,
        MergeConfig,
        MergeFunction,
        MergeResult,
        OpenKey,
        Question,
        Rendered,
        RenderRequest,
        Resolution,
        Sandbox,
        Sandboxed,
        SandboxLevel,
        SandboxPolicy,
        SourceContext,
        TemplateBackend,
        TemplateListing,
        join_key,
        key_matches,
        split_key,
    )
    from treadle_hookspecs._events import (
        EVENT_VERSION,
        Event,
    )
    from treadle_hookspecs._figures import (
        FIGURES,
        Figure,
        FigureKind,
        figure_kind,
        figure_marks,
        read_figures,
    )
    from treadle_hookspecs._formats import (
        DefinitionSource,
        Derived,
        Mapped,
        MappingProblem,
        Placed,
        Translation,
    )
    from treadle_hookspecs._protocols import (
        ActionContext,
        Console,
        EventListener,
        Host,
        Log,
        PreviewContext,
        Secrets,
        Talk,
        TriggerBackend,
        Trust,
        TrustLevel,
        Workspace,
    )
    from treadle_hookspecs._results import (
        Outcome,
        ProcessResult,
    )
    from treadle_hookspecs._runtimes import (
        Blobs,
        Performer,
        RuntimeBackend,
        RuntimeHost,
    )
    from treadle_hookspecs._store import (
        Append,
        AuditEntry,
        BusEvent,
        Claim,
        ClaimLostError,
        Definition,
        ExecutionQuery,
        ExecutionRow,
        Finding,
        SequenceError,
        Signal,
        Slot,
        StepRow,
        StepUpdate,
        StoreBackend,
        WaitRow,
    )

__all__ = [
    "API_VERSION",
    "ENTRY_POINT_GROUP",
    "EVENT_VERSION",
    "FIGURES",
    "PROJECT",
    "Action",
    "ActionContext",
    "ActionError",
    "Agent",
    "AgentAnswer",
    "AgentBackend",
    "AgentHealth",
    "AgentResult",
    "AgentTask",
    "Append",
    "AuditEntry",
    "Blobs",
    "BusEvent",
    "Changes",
    "ChosenKey",
    "Claim",
    "ClaimLostError",
    "Command",
    "CompositionHost",
    "CompositionRequest",
    "CompositionResult",
    "Conflict",
    "ConflictResolver",
    "Console",
    "Contribution",
    "Definition",
    "DefinitionFormat",
    "DefinitionSource",
    "Derived",
    "Event",
    "EventListener",
    "ExecutionQuery",
    "ExecutionRow",
    "ExitCode",
    "Expectation",
    "Exporter",
    "FetchedTemplate",
    "Figure",
    "FigureKind",
    "FileChange",
    "FileKind",
    "Finding",
    "Host",
    "Json",
    "JsonObject",
    "KeyRule",
    "Log",
    "Mapped",
    "MappingProblem",
    "MergeConfig",
    "MergeFunction",
    "MergeResult",
    "Module",
    "NewProject",
    "OpenKey",
    "Outcome",
    "Performer",
    "Placed",
    "Preview",
    "PreviewContext",
    "ProcessResult",
    "ProjectJournal",
    "Question",
    "RenderRequest",
    "Rendered",
    "ReportFormat",
    "Resolution",
    "Risk",
    "RollbackAction",
    "Runtime",
    "RuntimeBackend",
    "RuntimeHost",
    "Sandbox",
    "SandboxLevel",
    "SandboxPolicy",
    "Sandboxed",
    "Secrets",
    "SequenceError",
    "Signal",
    "Slot",
    "SourceContext",
    "StateStore",
    "StepRow",
    "StepUpdate",
    "StoreBackend",
    "Talk",
    "TemplateBackend",
    "TemplateListing",
    "TemplateSource",
    "Tool",
    "ToolMissingError",
    "Translation",
    "TreadleError",
    "Trigger",
    "TriggerBackend",
    "TriggerEvent",
    "Trust",
    "TrustLevel",
    "WaitRow",
    "WorkflowCatalogue",
    "Workspace",
    "figure_kind",
    "figure_marks",
    "hookimpl",
    "hookspec",
    "join_key",
    "key_matches",
    "read_figures",
    "split_key",
]

_LATER: Final = {
    "_agents": "AgentAnswer AgentBackend AgentHealth AgentResult AgentTask Expectation",
    "_changes": "Changes FileChange NewProject ProjectJournal",
    "_composition": """
        ChosenKey CompositionHost CompositionRequest CompositionResult Conflict Contribution FetchedTemplate
        FileKind KeyRule MergeConfig MergeFunction MergeResult OpenKey Question RenderRequest Rendered Resolution
        Sandbox SandboxLevel SandboxPolicy Sandboxed SourceContext TemplateBackend TemplateListing
        join_key key_matches split_key
    """,
    "_events": "EVENT_VERSION Event",
    "_figures": "FIGURES Figure FigureKind figure_kind figure_marks read_figures",
    "_formats": "DefinitionSource Derived Mapped MappingProblem Placed Translation",
    "_protocols": """
        ActionContext Console EventListener Host Log PreviewContext Secrets Talk TriggerBackend Trust
        TrustLevel Workspace
    """,
    "_results": "Outcome ProcessResult",
    "_runtimes": "Blobs Performer RuntimeBackend RuntimeHost",
    "_store": """
        Append AuditEntry BusEvent Claim ClaimLostError Definition ExecutionQuery ExecutionRow Finding SequenceError
        Signal Slot StepRow StepUpdate StoreBackend WaitRow
    """,
}
_MODULES: Final = {name: module for module, names in _LATER.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import the module that has a name, once."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The names of the contract."""
    return __all__
