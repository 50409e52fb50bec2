"""Pull requests on a forge: the few calls that GitHub and Forgejo have in common."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from treadle_hookspecs import ActionError

_REMOTE: Final = re.compile(
    r"(?:https?://(?:[^@/]+@)?|ssh://(?:[^@/]+@)?|[^@/:]+@)(?P<host>[^/:]+)(?::\d+)?[/:](?P<owner>[^/]+(?:/[^/]+)*?)/(?P<name>[^/]+?)(?:\.git)?/?"
)
_SECONDS: Final = 30
_ANSWER: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a repository is hosted."""

    host: str
    owner: str
    name: str

    @classmethod
    def of_remote(cls, url: str) -> "Place | None":
        """Read a remote's URL; None for a path or something else that is no forge."""
        match = _REMOTE.fullmatch(url.strip())
        return cls(match["host"], match["owner"], match["name"]) if match else None


@dataclass(frozen=True, slots=True)
class Forge:
    """The API of one repository.

    Args:
        kind: `github` or `forgejo`.
        api: the address of the API, without a slash at the end.
        place: which repository.
        token: sent as a header, and never part of a message.
    """

    kind: str
    api: str
    place: Place
    token: str

    def default_branch(self) -> str:
        """The branch that pull requests go to if nobody says otherwise."""
        return str(self._call("GET", "")["default_branch"])

    def open_request(self, branch: str, base: str) -> Mapping[str, Any] | None:
        """The pull request that is open for a branch already."""
        head = f"{self.place.owner}:{branch}" if self.kind == "github" else branch
        query = f"/pulls?state=open&head={quote(head)}&base={quote(base)}"
        found = [one for one in self._call("GET", query) if one["head"]["ref"] == branch and one["base"]["ref"] == base]
        return found[0] if found else None

    def request(self, title: str, body: str, branch: str, base: str, *, draft: bool) -> Mapping[str, Any]:
        """Open a pull request. Forgejo takes a draft by its title."""
        shown = f"WIP: {title}" if draft and self.kind == "forgejo" else title
        content: dict[str, Any] = {"title": shown, "body": body, "head": branch, "base": base}
        if self.kind == "github":
            content["draft"] = draft
        found: Mapping[str, Any] = self._call("POST", "/pulls", content)
        return found

    def _call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.api}/repos/{quote(self.place.owner)}/{quote(self.place.name)}{path}"
        if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ActionError(f"{self.api} is no https address", error_class="invalid-input", retryable=False)
        request = urllib.request.Request(url, method=method)  # noqa: S310 - the scheme was looked at above
        request.add_header("Authorization", f"{'Bearer' if self.kind == 'github' else 'token'} {self.token}")
        request.add_header("Accept", "application/json")
        data = None
        if content is not None:
            data = json.dumps(content).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, data, timeout=_SECONDS) as answer:  # noqa: S310 - see above
                return json.loads(answer.read(_ANSWER))
        except urllib.error.HTTPError as error:
            raise _refused(self.place, method, path, error) from None
        except (OSError, ValueError) as error:
            raise ActionError(f"{self.api} does not answer: {error}", error_class="forge") from None


def _refused(place: Place, method: str, path: str, error: urllib.error.HTTPError) -> ActionError:
    try:
        said = json.loads(error.read(_ANSWER)).get("message", "")
    except (OSError, ValueError, AttributeError):
        said = ""
    hint = "; see whether the token may write pull requests" if error.code in (401, 403, 404) else ""
    message = f"{place.host} refused {method} {path.partition('?')[0] or 'the repository'}: {error.code} {said}{hint}"
    return ActionError(message.strip(), error_class="forge", retryable=error.code >= 500)
