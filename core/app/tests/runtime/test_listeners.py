import threading

from treadle.runtime.listeners import Listeners
from treadle_hookspecs import Event


def event(kind: str, **data: str) -> Event:
    return Event(1, "x", kind, 1, data=data)


def test_a_subscriber_hears_the_kinds_it_asked_for_by_either_name() -> None:
    heard: list[str] = []
    listeners = Listeners(list, heard.append)
    listeners.subscribe(lambda e: heard.append(e.type), ["workflow_completed", "attempt_failed"])
    listeners.tell([event("execution_completed"), event("visit_started"), event("attempt_failed")])
    assert heard == ["execution_completed", "attempt_failed"]


def test_step_failed_means_settled_visits_that_failed() -> None:
    heard: list[object] = []
    listeners = Listeners(list, heard.append)
    listeners.subscribe(lambda e: heard.append(e.data["state"]), ["step_failed"])
    listeners.tell([event("visit_settled", state="succeeded"), event("visit_settled", state="failed")])
    assert heard == ["failed"]


def test_a_subscriber_that_raises_is_called_no_more_and_the_others_are() -> None:
    warnings: list[str] = []
    heard: list[str] = []
    calls: list[int] = []

    def bad(_: Event) -> None:
        calls.append(1)
        raise ValueError("boom")

    listeners = Listeners(list, warnings.append)
    listeners.subscribe(bad, ())
    listeners.subscribe(lambda e: heard.append(e.type), ())
    listeners.tell([event("a")])
    listeners.tell([event("b")])
    assert len(calls) == 1
    assert heard == ["a", "b"]
    assert "boom" in warnings[0]


def test_unsubscribing_ends_it() -> None:
    heard: list[str] = []
    listeners = Listeners(list, heard.append)
    stop = listeners.subscribe(lambda e: heard.append(e.type), ())
    stop()
    stop()
    listeners.tell([event("a")])
    assert heard == []


def test_a_plugins_listener_hears_everything_in_a_thread_of_its_own_before_close_returns() -> None:
    heard: list[tuple[str, str]] = []
    listeners = Listeners(
        lambda: [("metrics", lambda e: heard.append((e.type, threading.current_thread().name)))], lambda _: None
    )
    listeners.tell([event("a"), event("b")])
    listeners.close()
    assert [kind for kind, _ in heard] == ["a", "b"]
    assert {name for _, name in heard} == {"treadle-listeners"}


def test_a_plugins_listener_that_raises_twice_is_disabled_with_a_warning() -> None:
    warnings: list[str] = []
    calls: list[int] = []

    def bad(_: Event) -> None:
        calls.append(1)
        raise ValueError("boom")

    listeners = Listeners(lambda: [("bell", bad)], warnings.append)
    listeners.tell([event("a"), event("b"), event("c")])
    listeners.close()
    assert len(calls) == 2
    assert "bell" in warnings[0]
