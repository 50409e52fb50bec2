"""The report of a run that has a sub-workflow, a failure that was mended, and files that commands wrote."""

from defusedxml import ElementTree

MAIN = """
treadle: 1
name: main
steps:
  - {id: make, run: "echo more >> b.txt; echo new > a.txt"}
  - {id: flaky, run: exit 3, on_failure: mend}
  - {id: mend, run: "true", recovers: true}
  - {id: kid, workflow: kid.yaml, needs: [mend]}
"""
KID = """
treadle: 1
name: kid
steps:
  - id: count
    run: echo n=3 >> "$TREADLE_OUTPUT"
    outputs:
      n: {type: integer, figure: tests_added}
"""


def test_it_counts_what_happened_everywhere(user):
    user.write("main.yaml", MAIN)
    user.write("kid.yaml", KID)
    user.write("b.txt", "some\n")
    user.treadle("run", "main.yaml", "--checkpoint", "--report", "out/r.md", "--report", "out/r.xml")
    lines = user.lines("out/r.md")
    for wanted in (
        "| Files created | 1 | the files |",
        "| Files modified | 1 | the files |",
        "| Tests added | 3 | `kid/count` |",
        "* created `a.txt`",
        "* modified `b.txt`",
    ):
        assert wanted in lines
    assert not any("stands in the way" in line for line in lines)
    assert any("`flaky`" in line and "failed, recovered" in line for line in lines)
    suite = ElementTree.fromstring("\n".join(user.lines("out/r.xml"))).find("testsuite")
    assert suite.get("failures") == "0"
