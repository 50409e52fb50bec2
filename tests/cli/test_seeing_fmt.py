"""`treadle fmt` as it is typed, by people and in CI."""

UGLY = "treadle: 1\nname:   w   # a name\nsteps:\n- id: a\n  run: |\n      echo one\n      echo two\n"
NEAT = "treadle: 1\nname: w   # a name\nsteps:\n  - id: a\n    run: |\n      echo one\n      echo two\n"


def test_check_tells_and_fmt_writes(user):
    path = user.write("workflows/w.yaml", UGLY)
    assert "w: would be formatted" in user.treadle("fmt", "w", "--check", status=1).err
    assert path.read_text() == UGLY
    user.treadle("fmt", "w")
    assert path.read_text() == NEAT
    assert "as it should be" in user.treadle("fmt", "workflows/w.yaml", "--check").err
    user.treadle("run", "w")


def test_what_init_and_define_write_is_in_that_layout(user):
    user.treadle("init", "--example", "hello")
    user.treadle("define", "made", "--step", "a=run echo one", "--step", "b=run true", "--needs", "b=")
    user.treadle("fmt", "hello", "made", "--check")


def test_what_is_not_formatted(user):
    broken = user.write("broken.yaml", UGLY.replace("run:", "rum:"))
    assert "TRD0" in user.treadle("fmt", "broken.yaml", status=2).err
    assert broken.read_text() == UGLY.replace("run:", "rum:")
    user.write("w.json", '{"treadle": 1, "name": "w", "steps": [{"id": "a", "run": "true"}]}')
    assert "only this project's own YAML files" in user.treadle("fmt", "w.json", status=2).err
    assert "only this project's own YAML files" in user.treadle("fmt", "pr-processing", status=2).err
    assert "there is no file" in user.treadle("fmt", "nothing.yaml", status=3).err
