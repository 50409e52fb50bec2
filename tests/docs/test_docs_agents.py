"""The settings of agents that the documentation shows: each is read, and says what to install where that is missing."""

import asyncio
import tomllib
from pathlib import Path

import pytest
from docs_checks.blocks import blocks
from treadle.plugins import PluginHost
from treadle.runtime.agents.roster import Roster

ROOT = Path(__file__).parents[2]
PAGES = ("docs/how-to/ask-an-agent.md", "plugins/agents-command/README.md", "plugins/agents-acp/README.md")
SIX = {
    "claude-code": "claude",
    "codex": "codex",
    "gemini": "gemini",
    "goose": "goose",
    "aider": "aider",
    "opencode": "opencode",
}


def settings():
    """Every block of settings with agents in it, by its page."""
    for page in PAGES:
        for block in blocks((ROOT / page).read_text("utf-8")):
            if block.language == "toml" and "[agents." in block.text:
                yield page, block.text


@pytest.mark.parametrize(("page", "text"), list(settings()))
def test_they_are_read(page, text, tmp_path):
    (tmp_path / "config.toml").write_text(text)
    roster = Roster(PluginHost(), tmp_path / "config.toml", {})
    for name in tomllib.loads(text)["agents"]:
        assert roster.backend(name) is not None


def test_six_agents_are_shown_and_say_how_they_are_installed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    [text] = [text for page, text in settings() if "aider" in text and page == PAGES[0]]
    (tmp_path / "config.toml").write_text(text)
    roster = Roster(PluginHost(), tmp_path / "config.toml", {})
    found = {line.name: line for line in asyncio.run(roster.listed(check=True)) if line.name in SIX}
    assert found.keys() == SIX.keys()
    for name, line in found.items():
        assert not line.ok
        assert line.message.startswith(f"{SIX[name]} is not on PATH; install it: "), line
        install = line.message.partition("install it: ")[2].partition(", or")[0]
        assert f"`{install}`" in (ROOT / PAGES[0]).read_text("utf-8")


def test_a_kind_without_settings_is_no_agent_that_is_missing(tmp_path):
    found = {line.name: line for line in asyncio.run(Roster(PluginHost(), tmp_path / "none", {}).listed(check=True))}
    assert found["human"].ok
    for kind in ("acp", "command", "http", "llm"):
        assert found[kind].ok is None
        assert f'kind = "{kind}"' in found[kind].message
