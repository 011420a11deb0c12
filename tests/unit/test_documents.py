"""What the documents name exists, and the picture of the rooms is that of the import contracts."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

import hpcd4p

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hpcd4p"

DOCUMENTS = ["ARCHITECTURE.md", "CONTRIBUTING.md", "DECISIONS.md", "SIMULATION.md", "AUTOSCALER.md"]

FILE = re.compile(r"[\w/.-]*\w\.(?:py|lua|toml|sh|md)\b")
QUOTED = re.compile(r"`([^`\n]+)`")
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
BLOCK = re.compile(r"^```text\n(.*?)^```", re.DOTALL | re.MULTILINE)
WALK = re.compile(r"^ +(\w+/[\w/]+\.py) +(\w[\w.]*)(:?)", re.MULTILINE)

FOREIGN = {
    *("Issend", "Improbe", "SIG_IGN", "PDEATHSIG", "pidfd_getfd"),  # of MPI and the operating system
    *("MinJobAge", "KillWait"),  # of Slurm
    *("NamedTuple", "twine", "dist/", "wheels"),  # of Python and its packages; of a build
    *("plan.json", "end.json"),  # written by a study
    "HPCD4P_STATUS_FILE",
}
"""What the documents name and others have."""


class Names:
    """What the modules of the package define, as far as their text shows it."""

    def __init__(self) -> None:
        self.modules: dict[str, ast.Module] = {}
        self.classes: dict[str, list[ast.ClassDef]] = {}
        for file in PACKAGE.rglob("*.py"):
            path = file.relative_to(ROOT).with_suffix("")
            tree = ast.parse(file.read_text(encoding="utf-8"))
            self.modules[".".join(path.parts).removesuffix(".__init__")] = tree
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    self.classes.setdefault(node.name, []).append(node)
        texts = (f.read_text(encoding="utf-8") for end in ("py", "lua") for f in PACKAGE.rglob(f"*.{end}"))
        self.words = {word for text in texts for word in re.findall(r"\w+", text)}
        """All there are: those of the scripts, and the keys of tables, are defined nowhere."""

    def of_class(self, name: str) -> set[str]:
        """Attributes and methods of the classes of that name, and of what they are made of."""
        found: set[str] = set()
        for node in self.classes.get(name, ()):
            found |= defined(node)
            for base in node.bases:
                if isinstance(base, ast.Name) and base.id != name:
                    found |= self.of_class(base.id)
        return found

    def has(self, dotted: str) -> bool:
        """Whether there is such a module, class, function, constant, attribute or method."""
        first, *rest = dotted.split(".")
        if first in self.classes:
            return not rest or (len(rest) == 1 and rest[0] in self.of_class(first))
        return any(self._has(module, dotted) for module in self.modules) or hasattr(hpcd4p, rest[0])

    def _has(self, module: str, dotted: str) -> bool:
        """Whether `dotted` is in `module`, which may be named by its end alone."""
        words = module.split(".")
        for end in (".".join(words[i:]) for i in range(len(words))):
            if dotted == end:
                return True
            if dotted.startswith(f"{end}."):
                name, _, attribute = dotted.removeprefix(f"{end}.").partition(".")
                if name in defined(self.modules[module]):
                    return not attribute or attribute in self.of_class(name)
        return False

    def knows(self, name: str) -> bool:
        """Whether it is a class, module or room of ours, so that what is said to be in it must be there."""
        return name in self.classes or any(name in module.split(".") for module in self.modules)


@cache
def defined(node: ast.Module | ast.ClassDef) -> set[str]:
    """Names that a module or class defines, those of the objects of a class among them."""
    found: set[str] = set()
    for each in ast.walk(node):
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            found.add(each.name)
        elif isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
            found.add(each.id)
        elif isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store):
            found.add(each.attr)
    return found


@cache
def names() -> Names:
    """Those of the package, read once."""
    return Names()


def missing(text: str) -> list[str]:
    """What `text` names and is not there."""
    found = [name for name in FILE.findall(text) if name not in FOREIGN and not exists(name)]
    found += [quoted for quoted in QUOTED.findall(text) if not is_there(quoted)]
    for block in BLOCK.findall(text):
        found += [name for name in re.findall(r"\b[A-Z]\w*[a-z]\.\w+", block) if not is_there(name)]
        found += [f"{path}: {name}" for path, name, colon in WALK.findall(block) if strays(path, name, colon)]
    return found


def exists(name: str) -> bool:
    """Whether there is such a file or folder in the checkout or in the package."""
    return any((folder / name).exists() for folder in (ROOT, PACKAGE))


def is_there(quoted: str) -> bool:
    """Whether what stands between backticks is there, if it is a name of ours."""
    word = quoted.partition("(")[0]
    if quoted in FOREIGN or FILE.fullmatch(quoted):
        return True  # files are looked at where they stand
    if re.fullmatch(r"\w[\w/]*/", quoted):
        return exists(quoted)
    if not DOTTED.fullmatch(word):
        return True
    if "." in word:
        return not names().knows(word.partition(".")[0]) or names().has(word)
    if word[0].isupper() and not word.isupper():
        return word in names().classes
    return word in names().words


def strays(path: str, name: str, colon: str) -> bool:
    """Whether a line of a walk says of a file what is not in it: `name`, if it is one."""
    if "." not in name and not colon:
        return False
    module = ".".join(Path(path).with_suffix("").parts)
    return not names().has(f"{module}.{name.removesuffix('.')}")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_names_exists(document):
    assert missing((ROOT / document).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "runtime/rank/loop.py",
        "`runtime/head/`",
        "`runtime.rank.loop`",
        "`runtime.rank.loop.RankLoop`",
        "`RankLoop.tick`",
        "`RankLoop.pool`",  # of its objects
        "`rounds.pause_s`",
        "`control.local.DEEP`",
        "`WorkflowGraph`",
        "`slice_s`",
        "`os._exit`",  # of others
        "\n```text\n runtime/rank/loop.py   RankLoop.tick: one move\n```\n",
    ],
)
def test_what_exists_is_found(text):
    assert missing(text) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("runtime/rank/no_such.py", "runtime/rank/no_such.py"),
        ("`runtime/no_such/`", "runtime/no_such/"),
        ("`runtime.rank.no_such`", "runtime.rank.no_such"),
        ("`runtime.rank.loop.NoSuch`", "runtime.rank.loop.NoSuch"),
        ("`RankLoop.no_such`", "RankLoop.no_such"),
        ("`rounds.no_such`", "rounds.no_such"),
        ("`control.local.NO_SUCH`", "control.local.NO_SUCH"),
        ("`NoSuchClass`", "NoSuchClass"),
        ("`NO_SUCH_NUMBER`", "NO_SUCH_NUMBER"),
        ("`no_such_word`", "no_such_word"),
        ("\n```text\n Inbox.no_such\n```\n", "Inbox.no_such"),
        ("\n```text\n runtime/rank/loop.py   Inbox.next\n```\n", "runtime/rank/loop.py: Inbox.next"),
        ("\n```text\n runtime/rank/loop.py   no_such: a move\n```\n", "runtime/rank/loop.py: no_such"),
    ],
)
def test_what_does_not_exist_would_be_told(text, found):
    assert missing(text) == [found]


# ---- the picture of the rooms


def contracts() -> list[dict]:
    """The contracts of `pyproject.toml` that say what stands above what."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    return [each for each in tools["importlinter"]["contracts"] if each["type"] == "layers"]


def rooms_of(layer: str) -> set[str]:
    """The rooms of one layer of a contract, as far as there are any of that name."""
    words = re.findall(r"[\w.]+", layer)
    return {word.removeprefix("hpcd4p.") for word in words if importable(word)}


def importable(word: str) -> bool:
    """Whether a contract names something that is there; those in brackets may be missing."""
    return word.partition(".")[0] != "hpcd4p" or word in names().modules


def picture() -> str:
    """The first picture of ARCHITECTURE.md."""
    return BLOCK.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))[0]


def rows(drawn: str) -> list[list[str]]:
    """The lines of each of its rows: one for each layer."""
    parts = re.split(r"^[┌├└].*$", drawn, flags=re.MULTILINE)
    return [part.strip().splitlines() for part in parts if part.strip()]


def arrows(drawn: str) -> dict[str, set[str]]:
    """What a room imports, where the picture says so."""
    said = re.findall(r"(\w+) → (\w+(?:, \w+)*)", drawn)
    return {room: set(targets.split(", ")) & set(all_rooms()) for room, targets in said}


def all_rooms() -> list[str]:
    """Every room."""
    return sorted(file.parent.name for file in PACKAGE.glob("*/__init__.py"))


def imports_of(room: str) -> set[str]:
    """The rooms that `room` imports when it runs: what is for type checkers alone does not count."""
    found: set[str] = set()
    for file in (PACKAGE / room).rglob("*.py"):
        text = re.sub(r"(?m)^if TYPE_CHECKING:\n(?: .*\n|\n)+", "", file.read_text(encoding="utf-8"))
        found |= set(re.findall(r"^ *(?:from|import) hpcd4p\.(\w+)", text, flags=re.MULTILINE))
    return found & set(all_rooms()) - {room}


def test_the_picture_of_the_rooms_is_that_of_the_contracts():
    assert [rooms_of(layer) for layer in contracts()[0]["layers"]] == [
        {cell.split()[0] for cell in row[0].split("│") if cell.strip()} for row in rows(picture())
    ]


@pytest.mark.parametrize("contract", contracts()[1:], ids=lambda each: each["containers"][0])
def test_what_is_inside_a_room_is_drawn_as_in_its_contract(contract):
    room = contract["containers"][0].removeprefix("hpcd4p.")
    row = next(row for row in rows(picture()) if re.match(rf"│ +{room}\b", row[0]))
    drawn = re.findall(r"\w+", row[1])
    assert drawn == [word for layer in contract["layers"] for word in re.findall(r"\w+", layer)]


def test_an_arrow_of_the_picture_names_all_that_a_room_imports():
    drawn = arrows(picture())
    assert drawn.keys() > {"control", "plan", "transport", "wire"}
    assert {room: imports_of(room) for room in drawn} == drawn
