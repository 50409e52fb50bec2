"""Fixtures for tests of treadle plugins. pytest finds them where treadle-testkit is installed."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from treadle_testkit._plugin_manager import ClosedPluginHost
    from treadle_testkit._project import Project
    from treadle_testkit.postgres import PostgresServer

# Imported when a fixture is used: this module is loaded into every pytest session of the environment.


@pytest.fixture
def treadle_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Project":
    """A temporary git repository, and `TREADLE_HOME` in a folder of its own.

    The test runs in the repository; settings of the person who runs it are hidden.

    Example:
        def test_it(treadle_project):
            treadle_project.workflow("hello", "treadle: 1 …")
            treadle_project.repository.commit({"a.py": "x = 1"}, "a change")
    """
    from treadle_testkit._project import Project

    return Project.create(tmp_path, monkeypatch)


@pytest.fixture
def plugin_host() -> "ClosedPluginHost":
    """A plugin host that discovers nothing: it has the core's plugin and what the test registers, and is strict.

    Example:
        def test_it(plugin_host):
            plugin_host.register(acme_weather.plugin)
            plugin_host.check()
            assert plugin_host.resolve("weather/forecast").bind({"city": "Bergen"})
    """
    from treadle_testkit._plugin_manager import ClosedPluginHost

    return ClosedPluginHost()


@pytest.fixture(scope="session")
def postgres_server() -> "Iterator[PostgresServer]":
    """A Postgres server of this session's own, on 127.0.0.1 and a socket (`treadle-testkit[postgres]` brings it).

    Example:
        @pytest.fixture
        def store_url(self, postgres_server):
            return postgres_server.new_url()
    """
    from treadle_testkit.postgres import PostgresServer

    with PostgresServer() as server:
        yield server
