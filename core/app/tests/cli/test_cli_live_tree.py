"""The live tree as a person sees it: a real terminal, its width and height, and what is left on the screen."""


def last_picture(screen, text, columns):
    return screen(columns).feed(text).lines


def test_tree_of_a_failing_run_at_80_columns(on_terminal, fake_argv, screen):
    ran = on_terminal(fake_argv("failing", "run", "release", "--feature", "x"))
    lines = last_picture(screen, ran.out, 80)
    assert ran.code == 1
    assert lines[:3] == ["Release it", "Failed (step 3/3)  1m11s", "━" * 13 + "─" * 27 + " 33%"]
    assert lines[3] == "↶ build     2.5s  undone"
    assert lines[4] == "✗ test     1m07s  3 tests failed"
    assert lines[5].split() == ["✗", "publish", "upstream", "failed"]
    assert "failed: release 20260501-120000-abc123" in lines[6]


def test_tree_at_40_columns_keeps_every_line_on_one_row(on_terminal, fake_argv, screen):
    ran = on_terminal(fake_argv("failing", "run", "release", "--no-color"), columns=40)
    lines = last_picture(screen, ran.out, 40)
    assert lines[:2] == ["Release it", "Failed (3/3)  1m11s"]
    assert [line.split()[1] for line in lines[3:6]] == ["build", "test", "publish"]
    assert "failed: release" in lines[6]


def test_the_cursor_is_shown_again(on_terminal, fake_argv, screen):
    ran = on_terminal(fake_argv("failing", "run", "release"))
    assert "\x1b[?25l" in ran.out
    assert not screen(80).feed(ran.out).cursor_hidden


def test_a_crowd_is_collapsed_to_the_height_of_the_terminal(on_terminal, fake_argv, screen):
    ran = on_terminal(fake_argv("crowd", "run", "release"), rows=12)
    picture = last_picture(screen, ran.out, 80)
    tree = picture[: picture.index(next(line for line in picture if line.startswith("completed:")))]
    assert len(tree) <= 12
    assert any("step-7 " in line and "✗" in line for line in tree), "what failed stays in sight"
    assert any("step-299" in line for line in tree), "what runs stays in sight"
    assert any("298 succeeded" in line for line in tree)


def test_no_color_leaves_no_colour_in_the_tree(on_terminal, fake_argv):
    plain = on_terminal(fake_argv("failing", "run", "release"), NO_COLOR="1").out
    painted = on_terminal(fake_argv("failing", "run", "release")).out
    assert "\x1b[31m" in painted
    assert "\x1b[3" not in plain
    assert "\x1b[1m" not in plain


def test_dumb_terminal_gets_plain_lines_without_control_codes(on_terminal, fake_argv):
    ran = on_terminal(fake_argv("failing", "run", "release"), TERM="dumb")
    assert "\x1b" not in ran.out
    assert "→ test (attempt 2)" in ran.out


def test_ci_job_with_a_terminal_gets_plain_lines(on_terminal, fake_argv):
    assert "→ test (attempt 2)" in on_terminal(fake_argv("failing", "run", "release"), CI="true").out


def test_no_progress_shows_the_end_only(on_terminal, fake_argv):
    ran = on_terminal(fake_argv("completed", "run", "release", "--no-progress", "--no-color"))
    assert "release  completed" not in ran.out
    assert "version: 1.2.0" in ran.out


def test_rich_is_imported_for_a_terminal_only(on_terminal, fake, tmp_path):
    import sys
    from pathlib import Path

    probe = tmp_path / "probe.py"
    fake_path = Path(__file__).with_name("fake_facade.py")
    probe.write_text(
        f"import sys, runpy\nsys.argv = [{str(fake_path)!r}, 'failing', 'run', 'release']\n"
        f"try:\n    runpy.run_path({str(fake_path)!r}, run_name='__main__')\n"
        "except SystemExit:\n    pass\n"
        "print('rich' if 'rich' in sys.modules else 'no-rich')\n"
    )
    argv = [sys.executable, str(probe)]
    assert on_terminal(argv).out.rstrip().endswith("rich")
    assert not on_terminal(argv).out.rstrip().endswith("no-rich")
    assert on_terminal(argv, TERM="dumb").out.rstrip().endswith("no-rich")


def test_a_sign_of_life_comes_first_and_leaves_nothing(on_terminal, fake_argv, screen):
    ran = on_terminal(fake_argv("failing", "run", "release"))
    assert ran.out.startswith("starting …")
    assert not any("starting" in line for line in last_picture(screen, ran.out, 80))
    wrong = on_terminal(fake_argv("failing", "run", "nothing"))
    assert last_picture(screen, wrong.out, 80)[0].startswith("error[TRD0001]")
    assert not on_terminal(fake_argv("failing", "run", "release", "-q")).out.startswith("starting")
    assert not on_terminal(fake_argv("failing", "run", "release"), TERM="dumb").out.startswith("starting")
