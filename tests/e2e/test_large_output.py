"""A step that prints a gigabyte: it ends, and fills neither memory nor disk."""

GIGABYTE = 1 << 30
FLOOD = f"""
treadle: 1
name: flood
steps:
  - id: flood
    run: echo first line; head -c {GIGABYTE} /dev/zero | tr '\\0' 'x'; echo; echo last line
  - id: after
    run: echo after > after.txt
"""


def test_a_gigabyte(user):
    user.write("flood.yaml", FLOOD)
    user.treadle("run", "flood.yaml")
    assert user.lines("after.txt") == ["after"]
    assert sum(path.stat().st_size for path in user.state.rglob("*") if path.is_file()) < 64 << 20
    outputs = user.treadle("status", user.newest(), "--json").json
    assert outputs["steps"]["flood"]["state"] == "succeeded"
    shown = user.treadle("logs", user.newest()).out
    assert "first line" in shown
    assert "last line" in shown
