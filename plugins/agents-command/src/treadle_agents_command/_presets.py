"""Command lines of known coding agents, as they are started without a person at the terminal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Preset:
    """How an agent is started.

    Attributes:
        argv: with `{prompt}`, `{file}` or `{root}`; without the first two the task comes on stdin.
        env: variables that keep it from asking, updating itself, or retrying for minutes.
        install: how to get it.
    """

    argv: tuple[str, ...]
    install: str
    env: Mapping[str, str] = field(default_factory=dict)


PRESETS: Final[Mapping[str, Preset]] = {
    "claude-code": Preset(
        ("claude", "-p", "--output-format", "json", "--permission-mode", "acceptEdits"),
        "npm install -g @anthropic-ai/claude-code",
        {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_MAX_RETRIES": "1"},
    ),
    "codex": Preset(
        ("codex", "exec", "--json", "--skip-git-repo-check", "-s", "workspace-write", "-"),
        "npm install -g @openai/codex",
    ),
    "gemini": Preset(
        ("gemini", "-p", "{prompt}", "--approval-mode", "auto_edit", "--output-format", "json"),
        "npm install -g @google/gemini-cli",
        {"GEMINI_CLI_TRUST_WORKSPACE": "true"},
    ),
    "qwen": Preset(
        ("qwen", "-p", "{prompt}", "--approval-mode", "auto-edit", "--output-format", "json"),
        "npm install -g @qwen-code/qwen-code",
    ),
    "aider": Preset(
        (
            "aider",
            "--message-file",
            "{file}",
            "--yes-always",
            "--no-auto-commits",
            "--no-check-update",
            "--analytics-disable",
            "--no-gitignore",
            "--no-show-model-warnings",
        ),
        "pip install aider-chat",
        {"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
    ),
    "opencode": Preset(
        ("opencode", "run", "{prompt}"),
        "npm install -g opencode-ai",
        {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
    ),
    "goose": Preset(
        ("goose", "run", "--no-session", "--instructions", "{file}"),
        "brew install block-goose-cli, or see https://block.github.io/goose",
        {"GOOSE_MODE": "auto"},
    ),
    "pi": Preset(
        ("pi", "-p", "--mode", "json", "{prompt}"), "npm install -g @mariozechner/pi-coding-agent", {"PI_OFFLINE": "1"}
    ),
}
