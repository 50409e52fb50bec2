"""Who decides what happens to a path: the flag, the lock, the composition, the templates, the built-in table."""

import fnmatch
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from treadle_hookspecs import ConflictResolver, Json, KeyRule, TreadleError

from treadle_compose._defaults import GENERAL, Default, default_for, resolver_for
from treadle_compose._manifest import Manifest

_WORD: Final = re.compile(r"[a-z][a-z0-9-]*(:.*)?", re.DOTALL)
_TEXT_ONLY: Final = ("append", "prepend")
OWN: Final = ("ours", "theirs", "markers")
"""Strategies between the user and all templates together, when a project is composed again. They are for once."""


@dataclass(frozen=True, slots=True)
class PathRule:
    """A strategy for the paths that a glob means, or for keys inside of them. `by` says who asked."""

    pattern: str
    strategy: str
    key: str = ""
    by: str = "--resolve"

    def means(self, path: str) -> bool:
        """The rule is about this path."""
        target = path if "/" in self.pattern else path.rpartition("/")[2]
        return self.pattern == path or fnmatch.fnmatchcase(target, self.pattern)


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a path. `hint` says why it stays open; `strategies` what could decide it."""

    strategy: str
    by: str
    resolver: str = ""
    hint: str = ""
    strategies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decisions:
    """Every rule in force, the strongest first: `--resolve`, the lock, the composition's own; then the templates'.

    Attributes:
        rules: between templates: of the flag, the lock, the composition, answers of plugins and hooks, in this order.
        resolvers: of the installed plugins.
        manifests: of the templates, for their own wishes.
        own: between the user and all templates together, the strongest first.
    """

    rules: tuple[PathRule, ...] = ()
    resolvers: tuple[ConflictResolver, ...] = ()
    manifests: Mapping[str, Manifest] = field(default_factory=dict)
    own: tuple[PathRule, ...] = ()

    @classmethod
    def of(
        cls,
        rules: Iterable[PathRule],
        resolvers: Iterable[ConflictResolver],
        manifests: Mapping[str, Manifest],
    ) -> "Decisions":
        """Rules of both sorts, sorted."""
        every = tuple(rules)
        between = tuple(it for it in every if it.strategy not in OWN)
        return cls(between, tuple(resolvers), manifests, tuple(it for it in every if it.strategy in OWN))

    def own_rule(self, path: str) -> PathRule | None:
        """What the user wants of a whole file, against all templates."""
        return next((it for it in self.own if not it.key and it.means(path)), None)

    def own_key_rules(self, path: str) -> tuple[PathRule, ...]:
        """What the user wants of keys of a file; values and offers of a resolver, but no template's side."""
        given = [it for it in self.rules if it.by == "--resolve" and not _names_a_side(it.strategy)]
        return tuple(it for it in (*self.own, *given) if it.key and it.means(path))

    def choice(self, path: str, templates: Sequence[str]) -> Choice:
        """The strategy for a path that several contribute to."""
        default = default_for(path, self.resolvers)
        asked = next((it for it in self.rules if not it.key and it.means(path)), None)
        if asked is not None:
            return self._checked(path, asked.strategy, asked.by, default)
        wanted = {
            owner: rule.strategy
            for owner in templates
            if owner in self.manifests
            for rule in self.manifests[owner].conflicts
            if rule.type == "file" and PathRule(rule.pattern, "").means(path)
        }
        if len(set(wanted.values())) > 1:
            told = ", ".join(f"{owner} says {strategy}" for owner, strategy in wanted.items())
            return Choice("fail", "", "", f"its templates do not agree: {told}", tuple(dict.fromkeys(wanted.values())))
        if wanted:
            owner, strategy = next(iter(wanted.items()))
            return self._checked(path, strategy, owner, default)
        return self._checked(path, default.strategy, "default", default)

    def key_rules(self, path: str, templates: Sequence[str]) -> tuple[tuple[KeyRule, ...], dict[str, Json]]:
        """Rules for keys of a path, the strongest first; and what only the resolver understands."""
        rules = [KeyRule(it.key, it.strategy, it.by) for it in self.rules if it.key and it.means(path)]
        settings: dict[str, Json] = {}
        for owner in templates:
            for rule in self.manifests[owner].conflicts if owner in self.manifests else ():
                if rule.type == "file" and PathRule(rule.pattern, "").means(path):
                    rules += [KeyRule(key, it, owner) for key, it in rule.keys.items() if isinstance(it, str)]
                    settings |= {key: it for key, it in rule.keys.items() if not isinstance(it, str)}
        return tuple(rules), settings

    def named(self, kind: str, name: str) -> PathRule | None:
        """The rule for a variable or hook."""
        return next((it for it in self.rules if it.pattern in (name, f"{kind}:{name}")), None)

    def _checked(self, path: str, strategy: str, by: str, default: Default) -> Choice:
        general = (*GENERAL, *_TEXT_ONLY)
        if strategy.startswith("hook:"):
            hint = f"the hook {strategy.removeprefix('hook:')} is to decide it"
            return Choice("fail", by, "", hint, (strategy, *self._offered(default)))
        if strategy in ("fail", "ask"):
            return Choice("fail", by, "", default.hint, self._offered(default))
        if strategy in general or strategy.startswith(("template:", "value:")):
            return Choice(strategy, by, hint=default.hint)
        resolver = resolver_for(path, self.resolvers, strategy)
        if resolver:
            return Choice(strategy, by, resolver)
        if strategy == "merge" and default.resolver and default.strategy in self._merging(default):
            # For some files it has another name: a section for each, lines united.
            return Choice(default.strategy, by, default.resolver)
        hint = f"no installed plugin can do `{strategy}` with it: pip install treadle[compose]"
        return Choice("fail", by, "", hint, self._offered(default))

    def _offered(self, default: Default) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self._merging(default), "first", "last", "rename")))

    def _merging(self, default: Default) -> tuple[str, ...]:
        """What the resolver can do that merges this file by default."""
        return next((it.strategies for it in self.resolvers if default.resolver == it.name), ())


def _names_a_side(strategy: str) -> bool:
    return strategy in ("first", "last") or strategy.startswith("template:")


def parse_resolve(texts: Iterable[str]) -> tuple[PathRule, ...]:
    """`PATH[#KEY]=STRATEGY` as `--resolve` takes it; `variable:NAME=STRATEGY` and `hook:NAME=STRATEGY` as well.

    Raises:
        TreadleError: it has another form.
    """
    rules = []
    for text in texts:
        # The strategy stands behind the last `=` that no strategy's own value holds.
        place, equals, strategy = _split(text)
        if not equals or not place or not _WORD.fullmatch(strategy):
            raise TreadleError(
                f"{text!r} is no resolution",
                suggestions=("write PATH=STRATEGY or PATH#KEY=STRATEGY, e.g. pyproject.toml#build-system=first",),
            )
        path, _, key = place.partition("#")
        rules.append(PathRule(path, strategy, key))
    return tuple(rules)


def _split(text: str) -> tuple[str, str, str]:
    value = re.search(r"=(value:|template:|hook:)", text)
    if value:
        return text[: value.start()], "=", text[value.start() + 1 :]
    return text.rpartition("=")
