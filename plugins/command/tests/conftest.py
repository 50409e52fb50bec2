import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from treadle.runtime.logs import StepLog
from treadle.runtime.processes import run_process
from treadle.secrets import Masker
from treadle_hookspecs import ProcessResult
from treadle_testkit.actions import StandaloneContext


class RealContext(StandaloneContext):
    """Runs programs as the core does: in a group that is ended, with a log."""

    async def run(
        self, argv: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, **options: Any
    ) -> ProcessResult:
        options |= {"limit": 10_000}
        environ = {**os.environ, **self.env, **(env or {})}
        with StepLog(self.scratch / "step.log", Masker(), 200_000) as log:
            return await run_process(argv, cwd=cwd or self.root, env=environ, grace=0.5, log=log, **options)


@pytest.fixture
def context(tmp_path: Path) -> RealContext:
    root, scratch = tmp_path / "project", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    return RealContext(root, scratch)
