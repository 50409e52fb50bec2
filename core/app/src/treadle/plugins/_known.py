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
    "analyze_pr": "analysis",
    "generate_tasks": "analysis",
    "deploy_branch": "git",
    "validate_code": "quality",
    "run_tests": "testing",
    "security_audit": "security",
}

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
    module = _ALIASES.get(name, name.partition("/")[0])
    return f"treadle-{module}" if module in _MODULES else ""


def distribution_for(label: str, name: str) -> str:
    """The distribution that has a state store, runtime or trigger, or ""."""
    tables = {"state store": _STORES, "runtime": _RUNTIMES, "trigger": _TRIGGERS}
    return tables.get(label, {}).get(name, "")


def pip_line(distribution: str) -> str:
    """The command that installs it, or ""."""
    return f"pip install {distribution}" if distribution else ""
