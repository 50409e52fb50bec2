"""`treadle run --checkpoint`: every step of a workflow becomes a point that a rollback can go back to."""

from dataclasses import replace

from treadle_engine.plan import Plan


def checkpointed(plan: Plan) -> Plan:
    """The plan with a checkpoint after each of the workflow's steps, named as the step is, and snapshots."""
    steps = tuple(replace(step, checkpoint=step.checkpoint or step.id) for step in plan.root.steps)
    return replace(plan, root=replace(plan.root, steps=steps), snapshots=True)
