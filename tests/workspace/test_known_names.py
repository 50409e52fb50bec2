"""Names that other tools' documents print are offered by the distribution that an error would say to install."""

from importlib.metadata import entry_points

from treadle.plugins._known import _ALIASES, distribution_for_action


def offered() -> dict[str, str]:
    """Every alias and every undo in this checkout, with its distribution."""
    found: dict[str, str] = {}
    for entry in entry_points(group="treadle"):
        plugin, distribution = entry.load(), str(entry.dist and entry.dist.name)
        modules = getattr(plugin, "treadle_modules", tuple)()
        names = [name for module in modules for action in module.actions for name in action.aliases]
        names += [undo.type for undo in getattr(plugin, "treadle_rollback_actions", tuple)()]
        found |= dict.fromkeys(names, distribution)
    return found


def test_each_alias_is_there() -> None:
    names = offered()
    wrong = {alias: names.get(alias) for alias in _ALIASES if names.get(alias) != distribution_for_action(alias)}
    assert wrong == {}
