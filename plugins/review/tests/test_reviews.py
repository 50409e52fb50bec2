"""Reviews of a real change."""

import pytest
from treadle_hookspecs import ActionError
from treadle_testkit.actions import StandaloneContext


def test_comments_have_file_line_rule_and_evidence(context, repository) -> None:
    repository.branch("feature")
    repository.commit(
        {"src/shop.py": "def total(x, tax):\n    return eval(x) * tax\n\n\ndef extra():\n    return 1\n"}, "change"
    )
    outputs = context.perform("review/review-change", base="main", head="feature").outputs
    assert outputs["verdict"] in {"needs-work", "fail"}
    by_rule = {comment["rule"]: comment for comment in outputs["comments"]}
    assert by_rule["breaking-api"]["file"] == "src/shop.py"
    assert outputs["comments"][0]["severity"] == "high"
    assert "# Review:" in outputs["text"]
    assert "breaking-api" in outputs["text"]


class Without(StandaloneContext):
    """An installation without the packages of some modules."""

    async def call(self, action, **inputs):
        if action.startswith(("quality/", "security/")):
            raise ActionError("there is no such action; pip install it")
        return await super().call(action, **inputs)


def test_what_cannot_be_checked_is_not_green(context, repository) -> None:
    repository.branch("feature")
    repository.commit({"notes.md": "# Notes\n"}, "change")
    outputs = (
        Without(context.root, context.scratch).perform("review/review-change", base="main", head="feature").outputs
    )
    assert outputs["verdict"] == "not-checked"
    assert outputs["checks"]["security"]["verdict"] == "not-checked"


def test_an_unknown_revision(context) -> None:
    with pytest.raises(ActionError, match="no commit `nowhere`"):
        context.perform("review/review-change", base="nowhere")
