"""The words of PowerShell, as far as one must know them to put a reference into a script."""

from typing import Final, Literal, TypeAlias

from treadle.definition._run_text import References, RunTextError, env_only, expression_at, passed_through

Kind: TypeAlias = Literal["code", "double", "single", "comment", "block-comment", "here", "literal-here"]

_REFUSED: Final[dict[Kind, str]] = {
    "single": "in single quotes PowerShell puts in no value: use double quotes",
    "literal-here": "in @'…'@ PowerShell puts in no value: use @\"…\"@",
}
_ENDS: Final[dict[Kind, str]] = {
    "double": '"',
    "single": "'",
    "block-comment": "#>",
    "here": '\n"@',
    "literal-here": "\n'@",
}
_STARTS: Final[tuple[tuple[str, Kind], ...]] = (
    ('@"', "here"),
    ("@'", "literal-here"),
    ("<#", "block-comment"),
    ('"', "double"),
    ("'", "single"),
)


class PowerShell:
    """One pass over a script. `(` … `)` nest, so that `"$( … )"` returns to its quotes."""

    def __init__(self, text: str, references: References) -> None:
        self._text = text
        self._references = references
        self._out: list[str] = []
        self._kinds: list[Kind] = ["code"]

    def script(self) -> str:
        """The script with references in place of expressions. Raises `RunTextError`, `ExpressionError`."""
        at = 0
        while at < len(self._text):
            at = self._expression(at) if self._text.startswith("{{", at) else self._step(at)
        return "".join(self._out)

    def _copy(self, at: int, length: int = 1) -> int:
        self._out.append(self._text[at : at + length])
        return at + length

    def _expression(self, at: int) -> int:
        behind = passed_through(self._text, at)
        if behind:
            return self._copy(at, behind - at)
        kind = self._kinds[-1]
        if kind in _REFUSED:
            raise env_only(self._text, at, _REFUSED[kind])
        if self._text[at - 1 : at] in ("$", "`"):
            raise RunTextError(f"a {self._text[at - 1]} stands before {{{{", at - 1, 3, "write {{ … }} alone")
        expression, end = expression_at(self._text, at)
        self._out.append("${env:" + self._references.name(expression) + "}")
        return end

    def _step(self, at: int) -> int:
        kind, text = self._kinds[-1], self._text
        if kind == "code":
            return self._code(at)
        if kind == "comment":
            if text[at] == "\n":
                self._kinds.pop()
            return self._copy(at)
        if text.startswith(_ENDS[kind], at):
            self._kinds.pop()
            return self._copy(at, len(_ENDS[kind]))
        if kind in ("double", "here"):
            return self._expandable(at)
        return self._copy(at)

    def _expandable(self, at: int) -> int:
        if self._text[at] == "`" and not self._text.startswith("{{", at + 1):
            return self._copy(at, 2)
        if self._text.startswith("$(", at):
            self._kinds.append("code")
            return self._copy(at, 2)
        return self._copy(at)

    def _code(self, at: int) -> int:
        text = self._text
        if text[at] == "`" and not text.startswith("{{", at + 1):
            return self._copy(at, 2)
        for start, kind in _STARTS:
            if text.startswith(start, at):
                self._kinds.append(kind)
                return self._copy(at, len(start))
        if text[at] == "#" and (at == 0 or text[at - 1] in " \t\n;|&(){}"):
            self._kinds.append("comment")
        elif text[at] == "(":
            self._kinds.append("code")
        elif text[at] == ")" and len(self._kinds) > 1:
            self._kinds.pop()
        return self._copy(at)
