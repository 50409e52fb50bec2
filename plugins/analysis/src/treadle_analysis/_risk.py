"""How risky a change is: measured factors, each with its thresholds and its points."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from treadle_hookspecs import Json

Number: TypeAlias = int | float

MEDIUM: Final = 3
HIGH: Final = 7
"""Points from which a change is of medium and of high risk."""


@dataclass(frozen=True, slots=True)
class Factor:
    """Something measured. `steps` are `(threshold, points)`, rising: the last one that the value reaches counts."""

    id: str
    title: str
    steps: tuple[tuple[Number, int], ...]

    def points(self, value: Number) -> int:
        """The points of a value."""
        return max((points for threshold, points in self.steps if value >= threshold), default=0)


FACTORS: Final = (
    Factor("source-lines", "lines of source added and deleted", ((100, 1), (400, 2))),
    Factor("files", "files changed", ((10, 1), (30, 2))),
    Factor("breaking-api", "public names removed or incompatible", ((1, 3),)),
    Factor("impact", "percent of the other Python files that import the change, indirectly too", ((20, 1), (50, 2))),
    Factor("complexity", "complexity of the most complex function changed", ((10, 1), (20, 2))),
    Factor("churn", "commits that touched the hottest changed source file", ((10, 1), (30, 2))),
    Factor("untested", "source files changed while no test file changed", ((1, 1), (5, 2))),
    Factor("unfamiliar", "changed source files that none of the change's authors touched before", ((1, 1),)),
    Factor("dependencies", "dependencies added, removed or changed", ((1, 1),)),
    Factor("ci", "files of the CI changed", ((1, 1),)),
    Factor("unparsed", "changed Python files that do not parse", ((1, 4),)),
)


@dataclass(frozen=True, slots=True)
class Risk:
    """The factors of one change with what was measured. Raises `KeyError` when a factor was not measured."""

    values: Mapping[str, Number]

    @property
    def points(self) -> int:
        """The sum over all factors."""
        return sum(factor.points(self.values[factor.id]) for factor in FACTORS)

    @property
    def level(self) -> str:
        """`low`, `medium` or `high`."""
        if self.points >= HIGH:
            return "high"
        return "medium" if self.points >= MEDIUM else "low"

    @property
    def reasons(self) -> list[str]:
        """The factors that gave points."""
        return [factor.id for factor in FACTORS if factor.points(self.values[factor.id])]

    def to_json(self) -> dict[str, Json]:
        """`{level, points, medium_from, high_from, factors}`; a factor is `{id, title, value, steps, points}`."""
        factors = [self._factor(factor) for factor in FACTORS]
        points = {"points": self.points, "medium_from": MEDIUM, "high_from": HIGH}
        return {"level": self.level, **points, "factors": factors}

    def figures(self) -> list[Json]:
        """The points, and how each factor came to its share of them."""
        limit = f"medium from {MEDIUM}, high from {HIGH}"
        total: Json = {"name": "risk points", "value": self.points, "note": self.level, "limit": limit}
        return [total, *(self._figure(factor) for factor in FACTORS)]

    def _figure(self, factor: Factor) -> Json:
        value = self.values[factor.id]
        return {
            "name": f"risk: {factor.title}",
            "value": value,
            "limit": ", ".join(f"{_points(points)} from {threshold}" for threshold, points in factor.steps),
            "note": _points(factor.points(value)),
        }

    def _factor(self, factor: Factor) -> dict[str, Json]:
        value = self.values[factor.id]
        return {
            "id": factor.id,
            "title": factor.title,
            "value": value,
            "steps": [{"from": threshold, "points": points} for threshold, points in factor.steps],
            "points": factor.points(value),
        }


def _points(count: int) -> str:
    return f"{count} point" if count == 1 else f"{count} points"
