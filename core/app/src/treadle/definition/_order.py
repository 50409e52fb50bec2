"""Whether one step can have run before another, from the edges of their scope."""

from typing import Literal, TypeAlias

from treadle_engine.link import Analysis

Verdict: TypeAlias = Literal["before", "unsure", "never"]


class Order:
    """The order in one scope."""

    def __init__(self, analysis: Analysis) -> None:
        self._graph = analysis.graph

    def verdict(self, earlier: str, later: str) -> Verdict:
        """`before`: edges lead from the one to the other. `never`: every way to `earlier` goes through `later`."""
        graph = self._graph
        first, second = graph.number[earlier], graph.number[later]
        if graph.closures[first] >> second & 1:
            return "before"
        return "unsure" if first != second and self._reached_without(first, second) else "never"

    def on_cycle(self, step: str) -> bool:
        """Edges lead from a step back to it."""
        at = self._graph.number[step]
        return bool(self._graph.closures[at] >> at & 1)

    def _reached_without(self, goal: int, avoided: int) -> bool:
        graph = self._graph
        waiting = [at for at in graph.initial if at != avoided]
        seen = set(waiting)
        while waiting:
            at = waiting.pop()
            if at == goal:
                return True
            for follower in (*graph.dependents[at], *graph.targets[at]):
                if follower != avoided and follower not in seen:
                    seen.add(follower)
                    waiting.append(follower)
        return False
