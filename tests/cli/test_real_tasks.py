"""What an agent would do, done by the person at the terminal, or later: asked, refused, put off, kept."""

import signal

TASK = """
treadle: 1
name: by-hand
steps:
  - id: fix
    uses: agent/perform
    agent: human
    with: {instructions: Write VERSION., check: [grep, -q, "1.0", VERSION]}
"""


def test_a_person_does_it_at_the_terminal(user, at_terminal):
    user.write("by-hand.yaml", TASK)
    terminal = at_terminal("run", "by-hand.yaml", columns=200)
    terminal.see("`fix#1` asks:")
    terminal.see(f"work in: {user.project}")
    terminal.see("done? [done/refuse/later]")
    user.write("VERSION", "0.9\n")
    terminal.press("d\n")
    terminal.see("comment")
    terminal.press("\n")
    terminal.see("An earlier answer was not taken")
    terminal.see("done? [done/refuse/later]")
    user.write("VERSION", "1.0\n")
    terminal.press("done\n")
    terminal.see("comment")
    terminal.press("now it is\n")
    assert terminal.end() == 0
    assert user.status()["steps"]["fix"]["outputs"]["summary"] == "now it is"


def test_it_is_refused_at_the_terminal(user, at_terminal):
    user.write("by-hand.yaml", TASK)
    terminal = at_terminal("run", "by-hand.yaml", columns=200)
    terminal.see("done? [done/refuse/later]")
    terminal.press("r\n")
    terminal.see("comment")
    terminal.press("not my job\n")
    assert terminal.end() == 1
    step = user.status()["steps"]["fix"]
    assert (step["outcome"], step["error"]["type"]) == ("rejected", "rejected")
    assert "not my job" in step["error"]["message"]


def test_put_off_it_waits_without_a_process_and_survives_a_kill(user, at_terminal):
    user.write("by-hand.yaml", TASK)
    terminal = at_terminal("run", "by-hand.yaml", columns=200)
    terminal.see("done? [done/refuse/later]")
    terminal.child.send_signal(signal.SIGKILL)
    terminal.end()
    assert user.survivors() == []
    listed = user.treadle("waiting").out
    assert "Write VERSION." in listed
    assert f"treadle answer {user.newest()} done" in listed
    user.treadle("resume", user.newest(), status=7)
    user.write("VERSION", "1.0\n")
    user.treadle("answer", user.newest(), "done", "--by", "ann")
    assert user.lines("VERSION") == ["1.0"]
    user.treadle("rollback", user.newest(), "--yes")
    assert user.lines("VERSION") == []
