"""`treadle init`: what it writes, and that it overwrites nothing unasked."""

import tomllib


def test_example_is_written_once(treadle, tmp_path):
    ran = treadle("init", "--example", "hello")
    assert ran.code == 0
    assert "next: treadle run hello" in ran.err
    hello = tmp_path / "workflows" / "hello.yaml"
    hello.write_text("mine")
    again = treadle("init", "--example", "hello")
    assert again.code == 5
    assert "--force" in again.err
    assert hello.read_text() == "mine"
    assert treadle("init", "--example", "hello", "--force").code == 0
    assert hello.read_text() != "mine"


def test_empty_project(treadle, tmp_path):
    assert treadle("init").code == 0
    assert tomllib.loads((tmp_path / "treadle.toml").read_text()) == {}
    assert (tmp_path / "workflows").is_dir()
    assert treadle("init").code == 5


def test_another_folder(treadle, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    assert treadle("-C", "elsewhere", "init", "--example", "hello").code == 0
    assert (tmp_path / "elsewhere" / "workflows" / "hello.yaml").is_file()
    assert not (tmp_path / "workflows").exists()


def test_unknown_example(treadle):
    ran = treadle("init", "--example", "goodbye")
    assert ran.code == 3
    assert "take one of: hello" in ran.err


def test_a_folder_that_cannot_be_written_is_said(treadle, tmp_path):
    (tmp_path / "workflows").write_text("a file is in the way")
    ran = treadle("init", "--example", "hello")
    assert ran.code == 5
    assert "workflows" in ran.err
    assert "trace" not in ran.err
