"""What `treadle run` makes of words that stand in an unusual order, or that name a file with problems."""

GREET = """
treadle: 1
name: greet
inputs:
  who: {type: string, default: world}
steps:
  - id: greet
    run: echo "Hello, {{ inputs.who }}"
"""
BROKEN = GREET.replace("run:", "rn:")


def test_inputs_before_the_workflow(user):
    user.write("greet.yaml", GREET)
    user.write("you", "no workflow")
    ran = user.treadle("run", "--who", "you", "greet.yaml")
    assert user.status()["steps"]["greet"]["state"] == "succeeded"
    assert "Hello, you" in user.treadle("logs", user.newest()).out
    assert ran.status == 0


def test_a_file_with_problems_is_told_as_one_wherever_its_name_stands(user):
    user.write("broken.yaml", BROKEN)
    for words in (("broken.yaml", "--who", "me"), ("--who", "me", "broken.yaml")):
        err = user.treadle("run", *words, status=2).err
        assert "did you mean `run`?" in err
        assert "no such option" not in err
        assert err.count("error[") == 1  # one slip, one problem


def test_an_option_that_nobody_knows_is_told_with_the_workflow_s_own(user):
    user.write("greet.yaml", GREET)
    err = user.treadle("run", "--wo", "you", "greet.yaml", status=2).err
    assert "no such option: --wo" in err
    assert "did you mean `--who`?" in err


def test_doctor_says_where_settings_come_from(user):
    user.write("treadle.toml", 'log_level = "DEBUG"\n')
    out = user.treadle("doctor", TREADLE_MAX_PARALLEL="3").out
    assert 'setting log_level: "DEBUG"' in out
    assert "treadle.toml:1)" in out
    assert "setting max_parallel: 3 (TREADLE_MAX_PARALLEL)" in out
    settings = {one["key"]: one for one in user.treadle("doctor", "--json").json["settings"]}
    assert settings["log_level"]["value"] == "DEBUG"
    assert settings["grace"]["origin"] == "default"


def test_the_ending_of_a_failed_run_names_the_command_that_explains(user):
    user.write("fails.yaml", GREET.replace("echo", "false; exit 3; echo"))
    err = user.treadle("run", "fails.yaml", status=1).err
    command = f"treadle why {user.newest()} greet"
    assert command in err
    assert "failed" in user.treadle(*command.split()[1:]).out
