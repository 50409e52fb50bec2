"""What treadle-merge-yaml contributes."""

from collections.abc import Iterable

from treadle_hookspecs import ConflictResolver, hookimpl

TARGET = "treadle_merge_yaml._merge:merge"
STRATEGIES = ("merge", "combine", "three-way")


@hookimpl
def treadle_conflict_resolvers() -> Iterable[ConflictResolver]:
    """Resolvers for pre-commit, compose files, dependabot, pipelines, and other YAML files."""
    yield ConflictResolver(
        "pre-commit", (".pre-commit-config.yaml", ".pre-commit-config.yml"), TARGET, "Hooks of pre-commit", STRATEGIES
    )
    yield ConflictResolver(
        "compose-file",
        ("compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml"),
        TARGET,
        "Services, volumes and networks of compose files",
        STRATEGIES,
    )
    yield ConflictResolver(
        "dependabot", ("dependabot.yml", "dependabot.yaml"), TARGET, "Updates by ecosystem and folder", STRATEGIES
    )
    yield ConflictResolver(
        "pipeline",
        (".github/workflows/*.yml", ".github/workflows/*.yaml", ".gitlab-ci.yml", ".woodpecker.yml"),
        TARGET,
        "Pipelines stay apart: what one sets for all its jobs would reach into the other's",
        STRATEGIES,
        "rename",
    )
    yield ConflictResolver("yaml", ("*.yaml", "*.yml"), TARGET, "Any other YAML file", STRATEGIES, "combine")
