"""Records come from metadata, and one plugin's faults stay its own."""

import json
import os
import subprocess
import sys
from typing import Any, TypeAlias

import pytest
from treadle.plugins import PluginHost, PluginRecord
from treadle_hookspecs import API_VERSION, TreadleError

Site: TypeAlias = Any
"""`conftest.Site`: test modules cannot import it."""


def record_of(host: PluginHost, name: str) -> PluginRecord:
    return next(record for record in host.records if record.name == name)


def faulty(host: PluginHost) -> dict[str, str]:
    return {record.name: record.status for record in host.records if record.faulty}


def test_a_plugin_is_found_with_its_distribution_version_and_what_it_provides(site: Site) -> None:
    site.good(version="2.5")
    record = record_of(PluginHost(), "good")
    assert (record.distribution, record.version, record.status, record.reason) == ("acme-good", "2.5", "active", "")
    assert record.provides == ("action good/go",)
    assert record.to_json()["provides"] == ["action good/go"]


def test_making_a_host_discovers_and_imports_nothing(site: Site) -> None:
    package = site.good()
    PluginHost()
    assert f"{package}.plugin" not in sys.modules


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise ValueError('no luck today')", "ValueError: no luck today"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import os; os._exit(0)", "SystemExit: os._exit(0)"),
        ("import a_library_that_is_not_there", "a_library_that_is_not_there"),
        ("def broken(:", "SyntaxError"),
        ("PRIORITY = 'high'", "PRIORITY is 'high'"),
        ("class Odd(BaseException): ...\nraise Odd('base')", "Odd: base"),
    ],
)
def test_a_plugin_that_fails_at_import_breaks_only_itself(site: Site, source: str, reason: str) -> None:
    site.add("acme-bad", source, name="bad")
    site.good()
    host = PluginHost()
    assert record_of(host, "bad").status == "broken"
    assert reason in record_of(host, "bad").reason
    assert record_of(host, "good").status == "active"
    assert host.action("good/go") is not None
    assert any("bad" in problem and reason in problem for problem in host.problems())


def test_an_interrupt_while_a_plugin_is_imported_is_passed_on_and_says_where(site: Site) -> None:
    site.add("acme-slow", "raise KeyboardInterrupt", name="slow")
    with pytest.raises(KeyboardInterrupt) as caught:
        _ = PluginHost().records
    assert "acme-slow" in caught.value.__notes__[0]


def test_what_a_plugin_prints_at_import_does_not_mix_with_data(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.add("acme-loud", "print('hello there')", name="loud")
    assert record_of(PluginHost(), "loud").status == "active"
    out, err = capsys.readouterr()
    assert (out, err) == ("", "hello there\n")


def test_a_plugin_whose_fork_comes_back_does_not_run_treadle_twice(site: Site) -> None:
    site.add("acme-fork", "import os\nif os.fork():\n    print(os.wait()[1] >> 8)\n", name="fork")
    site.add("acme-work", "import os\nif os.fork() == 0:\n    os._exit(5)\nprint(os.wait()[1] >> 8)\n", name="work")
    script = "from treadle.plugins import PluginHost; print(len(PluginHost().records) > 0, flush=True)"
    environ = {**os.environ, "PYTHONPATH": str(site.folder)}
    result = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    assert result.stdout == "True\n"
    assert result.stderr == "70\n5\n", "the one that came back was ended, the other one's own status was kept"


@pytest.mark.parametrize(
    ("requires", "status"),
    [
        (("treadle-hookspecs>=0.1,<0.2",), "active"),
        (("treadle_hookspecs (<0.2,>=0.1)",), "active"),
        (("treadle-hookspecs",), "active"),
        (("treadle.hookspecs~=0.1",), "active"),
        (("requests>=99", "treadle-hookspecs>=0.1"), "active"),
        (("treadle-hookspecs>=9; extra == 'future'",), "active"),
        (("treadle-hookspecs>=9,<10; python_version < '3'",), "active"),
        ((), "active"),
        (("treadle-hookspecs>=0.2,<0.3",), "incompatible"),
        (("treadle-hookspecs<0.1",), "incompatible"),
        (("Treadle_Hookspecs==7",), "incompatible"),
        (("treadle-hookspecs>=0.1", "treadle-hookspecs<0.1"), "incompatible"),
        (("treadle-hookspecs is what it needs",), "broken"),
    ],
)
def test_the_requirement_on_the_contract_is_compared_before_import(
    site: Site, requires: tuple[str, ...], status: str
) -> None:
    package = site.add("acme-plug", "", name="plug", requires=requires)
    record = record_of(PluginHost(), "plug")
    assert record.status == status
    assert (f"{package}.plugin" in sys.modules) == (status == "active")
    if status == "incompatible":
        assert API_VERSION in record.reason
        assert "upgrade" in record.reason


def test_a_distribution_without_metadata_is_a_record(site: Site) -> None:
    package = site.add("acme-bare", "raise AssertionError('must not be imported')", name="bare")
    (site.info("acme-bare") / "METADATA").unlink()
    record = record_of(PluginHost(), "bare")
    assert (record.status, record.distribution, record.version) == ("broken", "acme_bare", "")
    assert "install it again" in record.reason
    assert f"{package}.plugin" not in sys.modules


def test_metadata_without_a_version_is_a_record(site: Site) -> None:
    site.add("acme-odd", "", name="odd")
    (site.info("acme-odd") / "METADATA").write_text("Metadata-Version: 2.4\nName: acme-odd\n")
    record = record_of(PluginHost(), "odd")
    assert record.status == "broken"
    assert "Version" in record.reason


@pytest.mark.parametrize("content", [b"[treadle]\nbroken line\n", b"[treadle]\n\xff\xfe = a.b\n"])
def test_entry_points_that_cannot_be_parsed_hide_no_other_plugin(site: Site, content: bytes) -> None:
    site.add("acme-torn", "")
    (site.info("acme-torn") / "entry_points.txt").write_bytes(content)
    site.good()
    host = PluginHost()
    assert record_of(host, "good").status == "active"
    assert record_of(host, "builtin").status == "active"
    assert "entry_points.txt" in record_of(host, "acme-torn").reason


def test_torn_entry_points_of_a_distribution_that_is_no_plugin_are_not_ours_to_report(site: Site) -> None:
    (site.info("other-thing") / "entry_points.txt").write_text("[console_scripts]\nnonsense\n")
    site.good()
    host = PluginHost()
    assert faulty(host) == {}
    assert record_of(host, "good").status == "active"


def test_an_older_copy_further_back_on_the_path_is_no_second_plugin(
    site: Site, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.good(version="2.0")
    older = site.beside(tmp_path_factory.mktemp("older"))
    older.good(version="1.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(older.folder)])
    assert [record.version for record in PluginHost().records if record.name == "good"] == ["2.0"]


def test_two_distributions_with_one_plugin_name_are_both_reported_and_neither_loaded(site: Site) -> None:
    first = site.good("acme-one", name="same")
    second = site.good("beta-two", name="same")
    host = PluginHost()
    same = [record for record in host.records if record.name == "same"]
    assert [record.status for record in same] == ["duplicate", "duplicate"]
    assert all("acme-one" in record.reason and "beta-two" in record.reason for record in same)
    assert not {f"{first}.plugin", f"{second}.plugin"} & set(sys.modules)


def test_switching_one_of_them_off_by_its_distribution_lets_the_other_in(site: Site) -> None:
    site.good("acme-one", name="same")
    site.good("beta-two", name="same")
    host = PluginHost(disabled=["Beta_Two"])
    assert {record.distribution: record.status for record in host.records if record.name == "same"} == {
        "acme-one": "active",
        "beta-two": "blocked",
    }


def test_nobody_takes_the_place_of_the_cores_own_plugin(site: Site) -> None:
    site.add("acme-thief", "raise AssertionError", name="builtin")
    host = PluginHost()
    statuses = {record.distribution: record.status for record in host.records if record.name == "builtin"}
    assert statuses == {"treadle-core": "active", "acme-thief": "duplicate"}
    assert host.trigger_types()


def test_the_cores_own_plugin_cannot_be_switched_off_but_its_double_can(site: Site) -> None:
    site.add("acme-thief", "raise AssertionError", name="builtin")
    host = PluginHost(disabled=["builtin"])
    statuses = {record.distribution: record.status for record in host.records if record.name == "builtin"}
    assert statuses == {"treadle-core": "active", "acme-thief": "blocked"}


def test_a_plugin_that_is_switched_off_is_not_imported(site: Site) -> None:
    package = site.good()
    host = PluginHost(disabled=["good"])
    assert record_of(host, "good").status == "blocked"
    assert host.action("good/go") is None
    assert f"{package}.plugin" not in sys.modules
    assert faulty(host) == {}


def test_switching_off_what_is_not_there_is_said(site: Site) -> None:
    site.good()
    assert any("goood" in line and "`good`" in line for line in PluginHost(disabled=["goood"]).problems())


def test_without_discovery_only_the_core_contributes(site: Site) -> None:
    site.good()
    host = PluginHost(discover=False)
    assert [record.name for record in host.records] == ["builtin"]
    assert set(host.trigger_types()) == {"cli", "event"}


def test_strict_mode_raises_for_what_is_broken_and_names_it(site: Site) -> None:
    site.add("acme-bad", "raise ValueError('boom')", name="bad")
    with pytest.raises(TreadleError, match=r"acme-bad 1.0.*boom"):
        PluginHost(strict=True).action_names()


def test_strict_mode_still_lists_records(site: Site) -> None:
    site.add("acme-bad", "raise ValueError('boom')", name="bad")
    assert record_of(PluginHost(strict=True), "bad").status == "broken"


def test_strict_mode_accepts_what_was_switched_off(site: Site) -> None:
    site.add("acme-bad", "raise ValueError('boom')", name="bad")
    assert PluginHost(strict=True, disabled=["bad"]).trigger_types()


def test_order_is_priority_then_distribution_then_name(site: Site) -> None:
    site.add("acme-b", "", name="zeta")
    site.add("acme-a", "", name="late")
    site.add("zz-first", "PRIORITY = 10", name="urgent")
    site.add("aa-last", "PRIORITY = -1", name="patient")
    ours = {"zeta", "late", "urgent", "patient"}
    records = [record for record in PluginHost().records if record.name in ours]
    assert [record.name for record in records] == ["urgent", "late", "zeta", "patient"]
    assert [record.order for record in records] == sorted(record.order for record in records)


def test_a_broken_plugin_is_named_by_the_error_for_what_it_would_have_provided(site: Site) -> None:
    site.add("acme-good", "raise ValueError('boom')", name="good")
    host = PluginHost()
    assert host.action("good/go") is None
    with pytest.raises(TreadleError, match=r"acme-good 1.0 is installed but broken.*boom"):
        host.resolve("good/go")
    assert "boom" in host.unavailable("good/go")


def test_records_can_be_listed_as_json_whatever_is_broken(site: Site) -> None:
    site.add("acme-bad", "raise ValueError('bo\\nom')", name="bad")
    text = json.dumps([record.to_json() for record in PluginHost().records])
    assert '"bad"' in text
