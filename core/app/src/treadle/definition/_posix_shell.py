"""The words of sh and bash, as far as one must know them to put a quoted reference into a script."""

import re
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from treadle.definition._run_text import References, RunTextError, env_only, expression_at, passed_through

Kind: TypeAlias = Literal[
    "code", "double", "single", "ansi", "comment", "arithmetic", "parameter", "heredoc", "quoted-heredoc"
]

_KEYWORD: Final = re.compile(r"[A-Za-z_]\w*|\[\[(?=\s)|\]\](?=[\s;&|)]|$)|[!{](?=\s)")
_BEFORE_COMMAND: Final = frozenset(
    {"then", "do", "else", "elif", "if", "while", "until", "time", "!", "{", "case", "esac", "fi", "done"}
)
_PREFIXES: Final = _BEFORE_COMMAND | {"command", "builtin", "exec", "env", "sudo", "nohup"}
_EVALUATORS: Final = frozenset({"eval", "let", "trap"})
_INTERPRETERS: Final = frozenset(
    {"sh", "bash", "dash", "ash", "ksh", "zsh", "su", "python", "python3", "perl", "ruby", "node", "php", "pwsh"}
)
_PROGRAM_OPTION: Final = re.compile(r"-[A-Za-z]*[ce]|--eval|--command|-Command")
_WORD_STARTS: Final = frozenset(" \t\n;&|()<>`")
_HEREDOC: Final = re.compile(r"<<(?P<strip>-?)[ \t]*(?P<word>(?:'[^']*'|\"[^\"]*\"|\\.|[^\s;&|()<>'\"\\])+)")
_COMPARES: Final = re.compile(r"-(?:eq|ne|lt|le|gt|ge)(?=\s)")
_REFERENCES: Final[dict[Kind, str]] = {
    "code": '"${%s}"',
    "double": "${%s}",
    "single": "'\"${%s}\"'",
    "ansi": "'\"${%s}\"$'",
    "comment": "${%s}",
    "heredoc": "${%s}",
}
_REFUSED: Final[dict[Kind, str]] = {
    "arithmetic": "a value in arithmetic would be run as a program: compute with it in the expression",
    "parameter": "inside ${…} no expression may stand",
    "quoted-heredoc": "the text of a here-document with a quoted delimiter is not expanded",
}


@dataclass(slots=True)
class _Frame:
    """Something that is open: a quotation, a substitution, a here-document."""

    kind: Kind
    close: str = ""
    begin: int = 0
    depth: int = 0
    """Of arithmetic: open brackets. Of code: `case` without `esac`, whose patterns end with an own bracket."""
    commanding: bool = True
    """The next word is a command's."""
    escaped: bool = False
    """A backtick was escaped: another substitution is nested, in which quotes mean something else."""
    testing: bool = False
    """A `[[` is open."""
    compares: bool = False
    """It holds an operator that takes its operands as arithmetic."""
    delimiter: str = ""
    strip: bool = False
    words: list[str] = field(default_factory=list)
    """Of the simple command at hand, as written; the word at the end is not among them yet."""
    word: int = -1
    """Where that word starts, or -1."""

    @property
    def interprets(self) -> str:
        """What would run the word at hand as a program: `eval`, `sh -c` …; or ""."""
        command = next((word for word in self.words if word not in _PREFIXES and "=" not in word), "")
        if command in _EVALUATORS:
            return command
        option = self.words[-1] if self.words else ""
        if not _PROGRAM_OPTION.fullmatch(option):
            return ""
        programs = [word.rpartition("/")[2] for word in self.words[:-1]]
        return next((f"{program} {option}" for program in programs if program in _INTERPRETERS), "")


class PosixShell:
    """One pass over a script."""

    def __init__(self, text: str, shell: str, references: References) -> None:
        self._text = text
        self._bash = shell == "bash"
        self._references = references
        self._out: list[str] = []
        self._frames = [_Frame("code")]
        self._heredocs: list[_Frame] = []
        self._tested: list[int] = []

    def script(self) -> str:
        """The script with references in place of expressions. Raises `RunTextError`, `ExpressionError`."""
        at = 0
        while at < len(self._text):
            at = self._expression(at) if self._text.startswith("{{", at) else self._step(at)
        return "".join(self._out)

    @property
    def _frame(self) -> _Frame:
        return self._frames[-1]

    def _copy(self, at: int, length: int = 1) -> int:
        self._out.append(self._text[at : at + length])
        return at + length

    def _push(self, kind: Kind, at: int, length: int, close: str = "") -> int:
        self._frames.append(_Frame(kind, close, at + length))
        return self._copy(at, length)

    def _pop(self, at: int, length: int = 1) -> int:
        self._frames.pop()
        return self._copy(at, length)

    # Expressions

    def _expression(self, at: int) -> int:
        behind = passed_through(self._text, at)
        if behind:
            return self._copy(at, behind - at)
        self._refuse(at)
        expression, end = expression_at(self._text, at)
        self._out.append(_REFERENCES[self._frame.kind] % self._references.name(expression))
        if self._frame.word < 0:
            self._frame.word = at
        self._frame.commanding = False
        if any(frame.testing for frame in self._frames):
            self._tested.append(at)
        return end

    def _refuse(self, at: int) -> None:
        """Raise where a reference would not mean the value."""
        kind, before = self._frame.kind, self._text[at - 1 : at]
        if kind in _REFUSED:
            raise env_only(self._text, at, _REFUSED[kind])
        if kind in ("code", "double", "heredoc") and before == "$":
            raise RunTextError(
                "a $ stands before {{", at - 1, 3, "treadle's expressions are written {{ … }}, without $"
            )
        if kind in ("code", "double", "heredoc") and before == "\\" and not self._is_escaped(at - 1):
            raise RunTextError("a backslash stands before {{", at - 1, 3, "for a backslash before the value write \\\\")
        if kind == "ansi" and not self._bash:
            raise env_only(self._text, at, "whether sh knows $'…' depends on the machine")
        evaluator = next(filter(None, (frame.interprets for frame in self._frames if frame.kind == "code")), "")
        if evaluator:
            raise env_only(self._text, at, f"`{evaluator}` would run the value as a program")
        if any(frame.escaped for frame in self._frames):
            raise env_only(self._text, at, "in nested backticks quotes mean something else: write $(…)")

    def _is_escaped(self, at: int) -> bool:
        """An odd number of backslashes stands before."""
        start = at
        while start > 0 and self._text[start - 1] == "\\":
            start -= 1
        return (at - start) % 2 == 1

    # Characters

    def _step(self, at: int) -> int:
        kind = self._frame.kind
        if kind == "code":
            return self._code(at)
        if kind in ("heredoc", "quoted-heredoc"):
            return self._heredoc(at)
        if kind == "single":
            return self._pop(at) if self._text[at] == "'" else self._copy(at)
        if kind == "comment":
            return self._comment(at)
        return self._quoting(at, kind)

    def _quoting(self, at: int, kind: Kind) -> int:
        character = self._text[at]
        if character == "\\":
            return self._escape(at)
        if kind == "ansi":
            return self._pop(at) if character == "'" else self._copy(at)
        if kind == "arithmetic":
            return self._arithmetic(at)
        if kind == "parameter" and character == "}":
            return self._pop(at)
        if character == '"':
            return self._pop(at) if kind == "double" else self._push("double", at, 1)
        if kind == "parameter" and character == "'" and self._frames[-2].kind == "code":
            return self._push("single", at, 1)
        return self._substitution(at)

    def _escape(self, at: int) -> int:
        if self._frame.close == "`" and self._text.startswith("\\`", at):
            self._frame.escaped = True
        return self._copy(at) if self._text.startswith("{{", at + 1) else self._copy(at, 2)

    def _substitution(self, at: int) -> int:
        """What begins with `$` or a backtick, in quotes as well as outside."""
        text = self._text
        if text[at] == "`":
            return self._push("code", at, 1, "`")
        if text.startswith("$((", at):
            return self._push("arithmetic", at, 3, "))")
        if text.startswith("$(", at):
            return self._push("code", at, 2, ")")
        if text.startswith("${", at) and not text.startswith("${{", at):
            return self._push("parameter", at, 2, "}")
        return self._copy(at)

    def _arithmetic(self, at: int) -> int:
        frame, character = self._frame, self._text[at]
        if character == "(":
            frame.depth += 1
        elif character == ")" and frame.depth:
            frame.depth -= 1
        elif self._text.startswith("))", at):
            return self._pop(at, 2)
        return self._substitution(at)

    def _comment(self, at: int) -> int:
        ends = self._text[at] == "\n" or (self._text[at] == "`" and self._frames[-2].close == "`")
        if not ends:
            return self._copy(at)
        self._frames.pop()
        return at

    # Commands

    def _code(self, at: int) -> int:
        text, frame = self._text, self._frame
        character = text[at]
        if character == "\\":
            return self._escaped(at)
        if character in " \t\n;&|()":
            self._end_word(at)
            return self._separator(at)
        if character == "`" and frame.close == "`":
            return self._pop(at)
        if frame.word < 0:
            frame.word = at
        starts = at == frame.begin or text[at - 1] in _WORD_STARTS
        if character == "#" and starts:
            return self._push("comment", at, 1)
        if text.startswith("<<", at):
            return self._redirection(at)
        word = _KEYWORD.match(text, at) if starts else None
        if word:
            return self._word(at, word.group())
        return self._in_word(at)

    def _escaped(self, at: int) -> int:
        if self._text.startswith("\\\n", at):
            self._end_word(at)
        elif self._frame.word < 0:
            self._frame.word = at
        self._frame.commanding = False
        return self._escape(at)

    def _end_word(self, at: int) -> None:
        frame = self._frame
        if frame.word >= 0:
            frame.words.append(self._text[frame.word : at])
            frame.word = -1
        if self._text[at] in "\n;&|()":
            frame.words.clear()

    def _separator(self, at: int) -> int:
        character = self._text[at]
        if character == "\n":
            return self._newline(at)
        if character in "()":
            return self._bracket(at)
        self._frame.commanding = self._frame.commanding or character in ";&|"
        return self._copy(at)

    def _in_word(self, at: int) -> int:
        text = self._text
        self._frame.commanding = False
        if self._frame.testing and _COMPARES.match(text, at):
            self._frame.compares = True
            return self._copy(at, 3)
        if text.startswith("$'", at):
            return self._push("ansi", at, 2)
        if text.startswith('$"', at):
            return self._push("double", at, 2)
        if text[at] == "'":
            return self._push("single", at, 1)
        if text[at] == '"':
            return self._push("double", at, 1)
        return self._substitution(at)

    def _newline(self, at: int) -> int:
        self._frame.commanding = True
        self._frames += reversed(self._heredocs)
        self._heredocs.clear()
        return self._copy(at)

    def _bracket(self, at: int) -> int:
        frame = self._frame
        if self._text.startswith("((", at) and frame.commanding:
            return self._push("arithmetic", at, 2, "))")
        if self._text[at] == "(":
            frame.commanding = True
            return self._push("code", at, 1, ")")
        if frame.close == ")" and not frame.depth:
            return self._pop(at)
        frame.commanding = True
        return self._copy(at)

    def _word(self, at: int, word: str) -> int:
        frame = self._frame
        if word == "[[" and frame.commanding:
            frame.testing = True
        elif word == "]]" and frame.testing:
            self._end_test()
        elif frame.commanding and word == "case":
            frame.depth += 1
        elif frame.commanding and word == "esac":
            frame.depth = max(frame.depth - 1, 0)
        frame.commanding = frame.commanding and word in _BEFORE_COMMAND
        return self._copy(at, len(word))

    def _end_test(self) -> None:
        frame = self._frame
        if frame.compares and self._tested:
            message = "in [[ … -eq … ]] the shell runs its operands as arithmetic: use [ … -eq … ]"
            raise env_only(self._text, self._tested[0], message)
        frame.testing = frame.compares = False
        self._tested.clear()

    # Here-documents

    def _redirection(self, at: int) -> int:
        if self._text.startswith("<<<", at):
            return self._copy(at, 3)
        match = _HEREDOC.match(self._text, at)
        if match is None:
            return self._copy(at, 2)
        word = match.group("word")
        if "{{" in word:
            raise env_only(self._text, match.start("word") + word.index("{{"), "a delimiter cannot be an expression")
        kind: Kind = "quoted-heredoc" if re.search(r"['\"\\]", word) else "heredoc"
        delimiter = re.sub(r"['\"\\]", "", word)
        self._heredocs.append(_Frame(kind, delimiter=delimiter, strip=bool(match.group("strip"))))
        return self._copy(at, len(match.group()))

    def _heredoc(self, at: int) -> int:
        frame = self._frame
        if self._text[at - 1] == "\n":
            end = self._text.find("\n", at)
            line = self._text[at : end if end >= 0 else len(self._text)]
            if (line.lstrip("\t") if frame.strip else line) == frame.delimiter:
                return self._pop(at, len(line) + 1)
        if frame.kind == "quoted-heredoc":
            return self._copy(at)
        return self._escape(at) if self._text[at] == "\\" else self._substitution(at)
