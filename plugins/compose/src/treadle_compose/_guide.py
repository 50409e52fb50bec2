"""`treadle help compose [--level LEVEL]`: the same command in three depths, each holding what the next one adds to."""

from collections.abc import Mapping
from typing import Final

_BASIC: Final = """\
treadle compose --from-templates A,B,… --project-name NAME

One project from several templates. It is planned whole before anything is written, and written whole or not at all.

  treadle compose --from-templates python-service --project-name my-app
  treadle compose --from-templates python-service,postgres,docker --project-name my-app --variables DB_NAME=orders

A template is a name (treadle template list), a folder (./my-template) or a git URL. What a template asks for is asked
on the terminal; --variables NAME=VALUE answers it beforehand, --defaults asks nothing.

Where two templates want different things, the conflict table names each file and the flag that decides it:

  --resolve LICENSE=first      --resolve 'pyproject.toml#project.license=last'

Not what you wanted? treadle rollback ID takes the project away again.

More: treadle help compose --level intermediate
"""

_INTERMEDIATE: Final = """\
Looking first
  --dry-run             the plan and the conflict table; nothing is written
  --diff                the differences as well
  --plan-out FILE       keep the plan; `treadle apply FILE` writes it later, if nothing has moved meanwhile
  --json                everything as data (treadle schema composition-result)

Into a project that is there
  --into DIR            your own files count as one more contributor and are never written over unasked

Again, later
  treadle update        the templates' newest versions; what you have changed stays, or you are asked
  --without ID          a template out of the project; one that is named joins those that are there
  --resolve PATH=ours|theirs|markers       where you and the templates have changed the same place

Which templates
  name@>=1.2,<2         a version          git+https://host/repo.git@v1#folder     a folder of a repository
  copier:… cookiecutter:…                  templates of other tools (pip install treadle-source-copier)
  --optional ID         go on without it when it cannot be had or fails
  --offline             the cache only
  --subdir ID=DIR       a template's whole tree into a folder: the cheapest cure for many conflicts

Variables
  --variables NAME=VALUE,NAME=VALUE or TEMPLATE.NAME=VALUE or NAME=@FILE; --data-file FILE (YAML or JSON)
  a comma in front of a further NAME= separates; written \\, it belongs to the value
  treadle template show NAME lists what a template asks for

Deciding conflicts (PATH may be a glob)
  first last template:ID   one side        rename   both, the second with its template's name
  merge combine            by structure    append prepend   one text after the other
  skip                     neither         fail     ask again
  --decisions FILE         `PATH[#KEY]: STRATEGY` lines; what was decided is kept in treadle.lock.json and replayed

More: treadle help compose --level advanced
"""

_ADVANCED: Final = """\
A composition is an execution of the workflow `compose`: treadle status, history, resume, rollback ID. After a crash
`treadle resume ID` goes on where it was; the project is always whole, as it was or complete. Steps that were done are
not done again.

Code that templates bring
  treadle hooks list --template T      what would run, and what it says it needs
  --trust none|sandboxed|full          not at all, confined, with your rights; asked once and kept by content
  --sandbox auto|strict|limits|off     how it is confined: files (Landlock), network (seccomp), bounds; or bubblewrap
  --no-hooks                           leave all of it out
  preComposition runs first and may stop everything. postSetup works on the draft (`in: staging`), so that what it does
  is planned and rolled back like any file, or on the project (`in: project`) with `undo` and `creates`. onConflict is
  given open conflicts as JSON and answers with resolutions.

Writing templates
  treadle template new NAME            a folder with template.yaml and files
  treadle template validate DIR        every problem with file, line and column
  treadle template test DIR            the cases in its tests/ folder
  treadle schema composition | hooks   JSON Schemas for an editor

Who decides a conflict, the strongest first
  --resolve, the project's lock, --decisions, the templates' own `conflicts` (all must agree), the built-in table.
  Then plugins (treadle_on_conflict) and onConflict hooks are asked about what is open.

Plugins
  treadle_conflict_resolvers merges a kind of file, treadle_template_sources brings templates from elsewhere,
  treadle_before_composition may refuse, treadle_after_setup is told.

Switches, in the user's config.toml or as variables
  compose.multi_template = false   TREADLE_COMPOSE_MULTI_TEMPLATE   one template at a time
  compose.hooks = false            TREADLE_COMPOSE_HOOKS            no template brings code
  recovery = false                 TREADLE_RECOVERY                 nothing is resumed
  TREADLE_DISABLE=compose takes all of this away.
"""

LEVELS: Final[Mapping[str, str]] = {"basic": _BASIC, "intermediate": _INTERMEDIATE, "advanced": _ADVANCED}


def guide(level: str) -> str:
    """The text of a level."""
    return LEVELS[level]
