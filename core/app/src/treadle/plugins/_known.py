"""Distributions of ours that may not be installed: what to `pip install` for a name that nobody provides.

Only our own: a name that a mistyped definition made up must never become a line that somebody pastes into pip.
"""

from typing import Final

_MODULES: Final = (
    "analysis",
    "api",
    "bugfix",
    "command",
    "documentation",
    "error-analysis",
    "files",
    "git",
    "http",
    "implementation",
    "notify",
    "performance",
    "planning",
    "quality",
    "refactoring",
    "report",
    "review",
    "security",
    "system",
    "testing",
)

_ALIASES: Final = {
    alias: module
    for module, aliases in {
        "analysis": (
            "analyze_pr", "generate_tasks", "context-analyzer", "dependency-mapper", "rag-retrieval", "analysis",
            "feature_analysis",
        ),
        "documentation": ("update-documentation", "update_documentation"),
        "error-analysis": (
            "error-classifier", "llm-interaction", "solution-validator", "plugin-execution", "cleanup-validation",
        ),
        "files": ("remove_temp_files",),
        "command": ("deploy_production",),
        "git": ("deploy_branch", "commit_changes", "reset_test_data"),
        "implementation": ("implement-feature", "ai-code-generation"),
        "notify": ("notify-stakeholders", "notify_team"),
        "performance": ("performance_benchmark",),
        "planning": ("generate-design", "generate-tasks"),
        "quality": (
            "validate_code", "validate_hotfix", "quality-assessor", "compatibility_check", "pattern-validation",
            "production-readiness", "validate-steering",
        ),
        "refactoring": ("suggest_refactoring",),
        "security": ("security_audit",),
        "system": ("abort_workflow", "hook-executor", "notify_completion", "request_user_input"),
        "testing": (
            "run_tests", "auto-fix-tests", "generate-tests", "test-generation", "emergency_tests", "integration_tests",
            "add_more_tests",
        ),
    }.items()
    for alias in aliases
}  # fmt: skip

_STORES: Final = {"sqlite": "treadle-sqlite", "postgresql": "treadle-postgres", "postgres": "treadle-postgres"}
_RUNTIMES: Final = {"local": "treadle-core", "temporal": "treadle-temporal"}
_TRIGGERS: Final = {
    "schedule": "treadle-schedule",
    "webhook": "treadle-webhook",
    "watch": "treadle-watch",
    "git": "treadle-git",
}


def distribution_for_action(name: str) -> str:
    """The distribution that has an action, by its full name or an alias, or ""."""
    module = _ALIASES.get(name.removeprefix("@"), name.partition("/")[0])
    return f"treadle-{module}" if module in _MODULES else ""


def distribution_for(label: str, name: str) -> str:
    """The distribution that has a state store, runtime or trigger, or ""."""
    tables = {"state store": _STORES, "runtime": _RUNTIMES, "trigger": _TRIGGERS}
    return tables.get(label, {}).get(name, "")


def pip_line(distribution: str) -> str:
    """The command that installs it, or ""."""
    return f"pip install {distribution}" if distribution else ""
