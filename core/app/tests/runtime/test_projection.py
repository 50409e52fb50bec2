"""The rows of an execution are the same, whether its log is read as it grows or, after a crash, at once."""

import pytest
from treadle.runtime.projection import Projector
from treadle_engine.state import State, fold
from treadle_hookspecs import ExecutionRow
from treadle_testkit.random_workflows import NESTED, random_choice, random_plan, random_script, random_speech
from treadle_testkit.scripted import ScriptedRuntime

ROW = ExecutionRow("scripted", "w", "1", "queued", "/p", "cli", {}, 1)
BLOCK = 50


@pytest.mark.parametrize("block", [range(first, first + BLOCK) for first in range(0, 300, BLOCK)], ids=str)
def test_a_log_that_is_read_at_once_gives_the_rows_that_it_gave_as_it_grew(block: range) -> None:
    for seed in block:
        script = random_script(seed, failing=0.5)
        choose = random_choice(seed)
        runtime = ScriptedRuntime(random_plan(seed, NESTED), script, speech=random_speech(seed), choose=choose)
        runtime.start()
        runtime.run(turns=2_000)
        state, growing = State(runtime.plan, "scripted"), Projector(ROW)
        rows = []
        for event in runtime.log:
            fold(state, event)
            rows += growing.project(state, [event]).steps
        assert Projector(ROW).project(state, runtime.log).steps == rows, seed
        places = [(row.address, row.visit) for row in rows]
        assert len(places) == len(set(places)), seed
