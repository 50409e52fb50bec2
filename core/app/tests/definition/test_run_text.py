"""Values in every place of a script, by really running it."""

import shutil
import subprocess

import pytest
from treadle.definition._run_text import RunTextError, run_text
from treadle_engine.expressions import ExpressionError, as_text, compile_value

VALUES = (
    "plain",
    "a b",
    " two  spaces ",
    "$(echo hacked)",
    "`echo hacked`",
    "'; echo hacked; '",
    '"; echo hacked; "',
    '" $(echo hacked) "',
    "line one\nline two",
    "EOF\necho hacked",
    "*",
    "~",
    "$HOME",
    "${HOME}",
    "\\",
    "a\\nb",
    "-n",
    "ü ⊕ 😀",
    "# no comment",
    "a;b&c|d>e<f",
    "{{ x }}",
    "!!",
    "%s",
    "x\ty",
)

PLACES = {
    "bare": ("printf '%s|' {{ x }} end", "<>|end|"),
    "within a word": ("printf '%s|' a{{ x }}b{{ x }}", "a<>b<>|"),
    "double quotes": ("""printf '%s|' "a {{ x }} 'q' b" """, "a <> 'q' b|"),
    "single quotes": ("""printf '%s|' 'a {{ x }} "q" $H b' """, 'a <> "q" $H b|'),
    "all quotes in a word": ("""printf '%s|' {{ x }}"{{ x }}"'{{ x }}' """, "<><><>|"),
    "escaped quote before": (r"""printf '%s|' \"{{ x }}\" "\"{{ x }}\"" """, '"<>"|"<>"|'),
    "escaped backslash before": (r"""printf '%s|' \\{{ x }} "\\{{ x }}" """, "\\<>|\\<>|"),
    "assignment": ("""v={{ x }}; printf '%s|' "$v" """, "<>|"),
    "substitution": ("""v=$(printf '%s.' {{ x }}); printf '%s|' "$v" """, "<>.|"),
    "substitution in quotes": ("""printf '%s|' "a $(printf '%s.' "{{ x }}") b" """, "a <>. b|"),
    "substitution in a substitution": ("""printf '%s|' "$(printf '%s' "$(printf '%s.' {{ x }})")" """, "<>.|"),
    "single quotes in a substitution": ("""printf '%s|' "$(printf '%s.' '{{ x }}')" """, "<>.|"),
    "backticks": ("v=`printf '%s.' {{ x }}`; printf '%s|' \"$v\"", "<>.|"),
    "backticks in quotes": ("""printf '%s|' "`printf '%s.' "{{ x }}"`" """, "<>.|"),
    "here-document": ("cat <<EOF\na {{ x }} \"q\" 'r'\nEOF\nprintf '|'", "a <> \"q\" 'r'\n|"),
    "indented here-document": ("cat <<-EOF\n\ta {{ x }}\n\tEOF\nprintf '%s|' {{ x }}", "a <>\n<>|"),
    "two here-documents": ("cat <<A; cat <<B\n{{ x }}1\nA\n{{ x }}2\nB\nprintf '%s|' '{{ x }}'", "<>1\n<>2\n<>|"),
    "substitution in a here-document": ("cat <<EOF\n$(printf '%s.' {{ x }})\nEOF", "<>.\n"),
    "after a quoted here-document": ("cat <<'EOF'\n$x ' \"\nEOF\nprintf '%s|' {{ x }}", "$x ' \"\n<>|"),
    "after a comment": ("# don't \"\nprintf '%s|' {{ x }} # it's {{ x }}\nprintf '%s|' '{{ x }}'", "<>|<>|"),
    "no comment": ("""printf '%s|' a#"{{ x }}" $#""", "a#<>|0|"),
    "case": ("""printf '%s|' "$(case a in a) printf '%s.' {{ x }};; esac)" "{{ x }}" """, "<>.|<>|"),
    "case with brackets": ("""printf '%s|' "$(case a in (a) printf '%s.' {{ x }};; esac)" """, "<>.|"),
    "after case as a word": ("""printf '%s|' "$(printf '%s.' case {{ x }})" """, "case.<>.|"),
    "case that matches": ("""case {{ x }} in "{{ x }}") printf yes;; *) printf no;; esac""", "yes"),
    "argument of another shell": ("""sh -c 'printf "%s|" "$1"' sh {{ x }}""", "<>|"),
    "word that only looks like a program's": (
        """printf '%s|' eval {{ x }} sh; printf '%s|' -c {{ x }}""",
        "eval|<>|sh|-c|<>|",
    ),
    "group and subshell": ("""{ (printf '%s|' {{ x }}); }""", "<>|"),
    "after arithmetic": ("""printf '%s|' "$((1 + (2 * 3)))" {{ x }}""", "7|<>|"),
    "after a parameter": ("""printf '%s|' "${y:-"a b"}" {{ x }} ${y:-'}'} {{ x }}""", "a b|<>|}|<>|"),
    "within a parameter's quotes": ("""printf '%s|' ${y:-"{{ x }}"}""", "<>|"),
    "function": ("""f() { printf '%s|' "$1"; }; f {{ x }}""", "<>|"),
    "loop": ("""for i in {{ x }} 2; do printf '%s|' "$i"; done""", "<>|2|"),
    "pipe": ("""printf '%s' {{ x }} | cat""", "<>"),
    "old test": ("""if [ {{ x }} = '{{ x }}' ]; then printf yes; fi""", "yes"),
    "several lines": ("""printf '%s|' \\\n  {{ x }} \\\n  "{{ x }}" """, "<>|<>|"),
    "another template's braces": ("""printf '%s|' '{{.Names}}' {{ x }}""", "{{.Names}}|<>|"),
}

BASH_PLACES = {
    "here-string": ("cat <<< {{ x }}", "<>\n"),
    "ansi quotes": (r"""printf '%s|' $'a\t\'{{ x }}\n' end""", "a\t'<>\n|end|"),
    "new test": ("""[[ {{ x }} == "{{ x }}" ]] && printf yes""", "yes"),
    "arithmetic command": ("""((1 < 2)) && printf '%s|' {{ x }}""", "<>|"),
    "array": ("""a=({{ x }} "{{ x }}"); printf '%s|' "${a[@]}" """, "<>|<>|"),
    "process substitution": ("""cat <(printf '%s.' {{ x }})""", "<>."),
    "locale quotes": ("""printf '%s|' $"a {{ x }}" """, "a <>|"),
}


def output(shell: str, text: str, value: str) -> str:
    """What a script prints when `x` has a value: as the engine and the runtime go about it."""
    compiled = run_text(text, shell)
    script = compile_value(compiled.script)
    assert script.constant
    environment = compile_value(compiled.variables).evaluate({"x": value})
    assert isinstance(environment, dict)
    result = subprocess.run(
        [shell, "-c", compiled.script],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"} | {key: as_text(text) for key, text in environment.items()},
        capture_output=True,
        check=True,
        timeout=20,
    )
    assert result.stderr == b""
    return result.stdout.decode()


IN_SHELLS = [("sh", PLACES, place) for place in PLACES] + [
    ("bash", places, place) for places in (PLACES, BASH_PLACES) for place in places
]


@pytest.mark.parametrize(("shell", "places", "place"), IN_SHELLS, ids=[f"{case[0]}-{case[2]}" for case in IN_SHELLS])
def test_value_arrives_as_it_is(shell: str, places: dict[str, tuple[str, str]], place: str) -> None:
    assert shutil.which(shell), f"{shell} is needed"
    text, expected = places[place]
    for value in VALUES:
        assert output(shell, text, value) == expected.replace("<>", value), value


def test_one_expression_has_one_variable() -> None:
    compiled = run_text("echo {{ a }} {{ b.c }} {{  a }}", "sh")
    assert compiled.script == 'echo "${TREADLE_V1}" "${TREADLE_V2}" "${TREADLE_V1}"'
    assert compiled.variables == {"TREADLE_V1": "{{ a }}", "TREADLE_V2": "{{ b.c }}"}


def test_text_without_expressions_is_left_alone() -> None:
    text = "cat <<'EOF'\n$((1)) `x` {{.Names}}\nEOF"
    assert run_text(text, "bash").script == text


REFUSED = [
    ("sh", "echo $(( {{ x }} + 1 ))", "arithmetic", "env: {VALUE:"),
    ("bash", "(( n = {{ x }} ))", "arithmetic", "env: {VALUE:"),
    ("bash", "echo ${y:{{ x }}}", "inside ${…}", "env: {VALUE:"),
    ("bash", "echo ${{{ x }}}", "a $ stands before", "without $"),
    ("sh", "echo ${{ x }}", "a $ stands before", "without $"),
    ("sh", 'echo "${{ x }}"', "a $ stands before", "without $"),
    ("sh", "echo \\{{ x }}", "a backslash stands before", "\\\\"),
    ("sh", 'echo "\\{{ x }}"', "a backslash stands before", "\\\\"),
    ("sh", "cat <<'EOF'\n{{ x }}\nEOF", "quoted delimiter", "env: {VALUE:"),
    ("sh", 'cat <<"EOF"\n{{ x }}\nEOF', "quoted delimiter", "env: {VALUE:"),
    ("sh", "cat <<\\EOF\n{{ x }}\nEOF", "quoted delimiter", "env: {VALUE:"),
    ("sh", "cat <<{{ x }}\nEOF", "delimiter cannot be", "env: {VALUE:"),
    ("sh", "echo $'{{ x }}'", "depends on the machine", "env: {VALUE:"),
    ("bash", "[[ {{ x }} -eq 1 ]] && echo", "arithmetic", "env: {VALUE:"),
    ("bash", '[[ 1 -lt "{{ x }}" ]] && echo', "arithmetic", "env: {VALUE:"),
    ("sh", "echo `echo \\`echo {{ x }}\\``", "nested backticks", "env: {VALUE:"),
    ("sh", "eval {{ x }}", "`eval` would run the value", "env: {VALUE:"),
    ("sh", "if true; then eval \"echo '{{ x }}'\"; fi", "`eval` would run the value", "env: {VALUE:"),
    ("sh", "trap 'rm {{ x }}' EXIT", "`trap` would run the value", "env: {VALUE:"),
    ("bash", "let n={{ x }}", "`let` would run the value", "env: {VALUE:"),
    ("sh", 'sh -c "echo {{ x }}"', "`sh -c` would run the value", "env: {VALUE:"),
    ("sh", "sudo /bin/bash -ec \\\n 'echo {{ x }}'", "`bash -ec` would run the value", "env: {VALUE:"),
    ("sh", 'python3 -c "print($(echo {{ x }}))"', "`python3 -c` would run the value", "env: {VALUE:"),
    ("python", "print({{ x }})", "for python", "env: {VALUE:"),
    ("perl", "print {{ x }}", "for perl", "env: {VALUE:"),
    ("pwsh", "Write-Output '{{ x }}'", "single quotes", "env: {VALUE:"),
    ("pwsh", "@'\n{{ x }}\n'@", "@'…'@", "env: {VALUE:"),
    ("pwsh", "${{ x }}", "a $ stands before", "{{ … }}"),
]


@pytest.mark.parametrize(("shell", "text", "message", "hint"), REFUSED)
def test_place_that_takes_no_reference_is_refused(shell: str, text: str, message: str, hint: str) -> None:
    with pytest.raises(RunTextError) as caught:
        run_text(text, shell)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "{{" in text[caught.value.offset : caught.value.offset + caught.value.length]


def test_expression_that_cannot_be_read_is_told() -> None:
    with pytest.raises(ExpressionError, match="has no }}"):
        run_text("echo {{ x", "sh")


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Write-Output {{ x }}", "Write-Output ${env:TREADLE_V1}"),
        ('Write-Output "a {{ x }}b"', 'Write-Output "a ${env:TREADLE_V1}b"'),
        ("$v = {{ x }} # don't\n$w = {{ x }}", "$v = ${env:TREADLE_V1} # don't\n$w = ${env:TREADLE_V1}"),
        ("'a''b' + {{ x }}", "'a''b' + ${env:TREADLE_V1}"),
        ('"$(f \'q\' ("{{ x }}"))" + {{ x }}', '"$(f \'q\' ("${env:TREADLE_V1}"))" + ${env:TREADLE_V1}'),
        ('@"\n"{{ x }}"\n"@ + \'{{.X}}\'', '@"\n"${env:TREADLE_V1}"\n"@ + \'{{.X}}\''),
        ("<# it's #> {{ x }}", "<# it's #> ${env:TREADLE_V1}"),
        ("`' {{ x }}", "`' ${env:TREADLE_V1}"),
        ('"`" {{ x }}"', '"`" ${env:TREADLE_V1}"'),
    ],
)
def test_power_shell_reads_the_environment(text: str, script: str) -> None:
    assert run_text(text, "pwsh").script == script
