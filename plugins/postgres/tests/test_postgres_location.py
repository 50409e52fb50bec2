import json

import psycopg
import pytest
from treadle_hookspecs import ExitCode, TreadleError
from treadle_postgres._errors import storage_error
from treadle_postgres._location import locate
from treadle_postgres._store import PostgresStore
from treadle_testkit.postgres import USER, PostgresServer


def test_our_options_are_not_told_to_libpq() -> None:
    place = locate("postgres://ada@db:5433/w?schema=flows&reconnect=2.5&sslmode=require", {})
    assert place.conninfo == "postgresql://ada@db:5433/w?sslmode=require"
    assert (place.schema, place.reconnect, place.channel) == ("flows", 2.5, "treadle_flows")


def test_what_stands_in_the_url_wins() -> None:
    assert locate("postgresql:///w?schema=url", {"schema": "option", "reconnect": 1}).schema == "url"
    assert locate("postgresql:///w", {"schema": "option", "reconnect": 1}).reconnect == 1


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada:p%40ss-word@db/w",
        "postgresql://ada@db/w?password=p%40ss-word",
        "postgresql://ada@db/w?sslpassword=p%40ss-word&schema=a",
    ],
)
def test_no_password_is_shown(url: str) -> None:
    place = locate(url, {})
    error = storage_error(place, "open", psycopg.OperationalError("refused: p@ss-word"))
    shown = repr(place) + place.url + error.message + json.dumps(error.context) + " ".join(error.suggestions)
    assert "ss-word" not in shown
    assert "ada@db/w" in place.url
    assert "ss-word" in place.conninfo


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///x", "not a Postgres URL"),
        ("postgresql://db:port/w", "not valid"),
        ("postgresql:///w?schema=Robert'); --", "cannot be the schema"),
        ("postgresql:///w?schema=pg_mine", "cannot be the schema"),
        ("postgresql:///w?reconnect=soon", "not a number of seconds"),
        ("postgresql:///w?reconnect=inf", "not a number of seconds"),
    ],
)
def test_what_cannot_be_meant_is_refused(url: str, words: str) -> None:
    with pytest.raises(TreadleError, match=words) as caught:
        PostgresStore(url)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.suggestions


def test_a_wrong_password_is_named_and_not_shown(postgres_server: PostgresServer) -> None:
    error = _refused(postgres_server.network_url(password="open-barley"))
    assert "does not accept the password" in error.message
    assert "open-barley" not in str(error) + json.dumps(error.context)
    assert error.context["store"] == f"postgresql://{USER}@127.0.0.1:{postgres_server.port}/postgres"


def test_the_right_password_opens(postgres_server: PostgresServer, empty_url: str) -> None:
    store = PostgresStore(postgres_server.network_url(schema=locate(empty_url, {}).schema))
    store.open()
    assert list(store.check()) == []
    store.close()


def test_a_database_that_is_not_there_is_named(postgres_server: PostgresServer) -> None:
    error = _refused(postgres_server.url().replace("/postgres?", "/nowhere?"))
    assert "no such database" in error.message
    assert "createdb" in error.suggestions[0]


def test_a_server_that_is_not_there_is_reported_at_once(postgres_server: PostgresServer) -> None:
    error = _refused("postgresql://nobody@127.0.0.1:1/w")
    assert "cannot be reached" in error.message
    assert "127.0.0.1:1" in str(error.context["store"])


def test_a_user_without_rights_is_told_so(
    postgres_server: PostgresServer, admin: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    admin.execute("DROP ROLE IF EXISTS guest")
    admin.execute("CREATE ROLE guest LOGIN")
    error = _refused(postgres_server.new_url().replace(f"{USER}@", "guest@"))
    assert "may not do that" in error.message


def _refused(url: str) -> TreadleError:
    store = PostgresStore(url)
    with pytest.raises(TreadleError) as caught:
        store.open()
    assert caught.value.exit_code is ExitCode.STORAGE
    return caught.value
