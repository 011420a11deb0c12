"""The options of a command: an argparse parser that raises, and the split of a command line in two.

``hpcd4p run WORKFLOW ...`` has options of hpcd4p and options of the workflow. Those that hpcd4p knows are its
own, wherever they are; all others are the workflow's.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterable
from contextlib import suppress
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

from hpcd4p.cli.known_settings import Setting, all_settings
from hpcd4p.cli.settings import Resolved, resolve
from hpcd4p.errors import SettingsError

_UNASKED = re.compile(r"argument (.+): ignored explicit argument '(.*)'")
"""What argparse says of a value that an option does not take."""


class HelpText(argparse.RawDescriptionHelpFormatter):
    """Help in which a `%` is a `%`, unless the text has places to fill (`%(default)s`, `%%`)."""

    def _expand_help(self, action: argparse.Action) -> str:
        text = action.help or ""
        if "%(" in text or "%%" in text:
            with suppress(ValueError, TypeError, KeyError):  # a % that is not a placeholder: left as it is
                return super()._expand_help(action)
        return text


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are exceptions with a suggestion."""

    def __init__(self, **given: Any) -> None:
        given.setdefault("formatter_class", HelpText)
        #: each option string, and whether it takes a value
        self.arity: dict[str, int] = {}
        self.hint = f"{given.get('prog', 'hpcd4p')} --help lists the options"
        super().__init__(allow_abbrev=False, **given)

    def add_argument(self, *flags: Any, **given: Any) -> argparse.Action:
        """See argparse; remembers whether the option takes a value."""
        return self.remember(super().add_argument(*flags, **given))

    def remember(self, action: argparse.Action) -> argparse.Action:
        """Take an option of a group among those that are known."""
        self.arity.update(dict.fromkeys(action.option_strings, 0 if action.nargs == 0 else 1))
        return action

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        if found := _UNASKED.fullmatch(message):
            message = f"{found[1].replace('/', ' or ')} takes no value; leave out ={found[2]}"
        raise SettingsError(f"{message}\n{self.hint}")

    def parse(self, argv: list[str]) -> argparse.Namespace:
        """Parse a command line that has nothing of a workflow's in it."""
        # words may come before, between and after options: `sweep status --watch STUDY.toml`
        options, rest = self.parse_known_intermixed_args(argv)
        if rest:
            self.error(unknown_argument(rest[0], self.arity))
        return options


def unknown_argument(word: str, valid: Iterable[str]) -> str:
    """The message that `word` is not known, with the nearest known one."""
    if not word.startswith("-"):
        return f"unexpected argument {word!r}"
    name = word.partition("=")[0]
    near = get_close_matches(name, list(valid), 1)
    return f"unknown option {name}" + (f"; did you mean {near[0]}?" if near else "")


class Split(NamedTuple):
    """A command line in two."""

    own: list[str]  # options of hpcd4p
    workflow: str | None
    rest: list[str]  # options of the workflow


def split(argv: list[str], arity: dict[str, int]) -> Split:
    """Separate the options of hpcd4p from the workflow and its own options.

    The first word that is no option is the workflow; an unknown option before any such word says
    that the default workflow is meant. After ``--`` everything is the workflow's.
    """
    own: list[str] = []
    rest: list[str] = []
    workflow: str | None = None
    words = iter(argv)
    for word in words:
        name, equals, _ = word.partition("=")
        short = word[:2]
        if word == "--":
            rest += words
        elif name in arity:
            own.append(word)
            if arity[name] and not equals:
                own += _value_of(name, words)
        elif len(word) > 2 and word[1] != "-" and arity.get(short) == 1:
            own += [short + "=" + word[2:].removeprefix("=")]  # -n8
        elif not word.startswith("-") and workflow is None and not rest:
            workflow = word
        else:
            rest.append(word)
    return Split(own, workflow, rest)


def refuse_options_first(parts: Split) -> None:
    """Raise `SettingsError` where an option of the workflow stands before the workflow."""
    if parts.workflow is not None or not parts.rest or not parts.rest[0].startswith("-"):
        return
    file = next((word for word in parts.rest if word.endswith(".py") and not word.startswith("-")), None)
    if file is not None:
        own = " ".join(word for word in parts.rest if word is not file)
        raise SettingsError(
            f"{parts.rest[0]} is no option of hpcd4p, and {file} comes after it; the workflow comes before "
            f"its own options: hpcd4p run {file} {own}"
        )


_NOT_FOR_RANKS = ("-n", "--ranks", "--redis-url")
"""Ranks get their number from MPI, and the address of the Redis, perhaps with a password, in a variable."""


def for_ranks(argv: list[str], made: Parser) -> list[str]:
    """The same command line for the ranks."""
    parts = split(argv, made.arity)
    words = iter(parts.own)
    own = []
    for word in words:
        if word in _NOT_FOR_RANKS:
            next(words, None)
        elif word.partition("=")[0] not in _NOT_FOR_RANKS:
            own.append(word)
    return [*own, *([parts.workflow] if parts.workflow else []), *(["--", *parts.rest] if parts.rest else [])]


def _value_of(name: str, words: Iterable[str]) -> list[str]:
    value = next(iter(words), None)
    if value is None:
        raise SettingsError(f"option {name} needs a value after it")
    return [value]


def add_settings(parser: Parser, explain: bool, sections: tuple[str, ...] = ("run", "engine")) -> None:
    """Add an option for every setting; `explain`: with its help, which costs reading a source file."""
    help_of = engine_help() if explain and "engine" in sections else {}
    groups = {s: parser.add_argument_group(_TITLES[s]) for s in sections}
    for setting in all_settings().values():
        group = groups.get(setting.section)
        if group is None or setting.name == "workflow":
            continue
        if setting.kind is bool:
            _add_switch(parser, group, setting, help_of)
            continue
        if setting.name == "log_level":
            _add_short_levels(parser, group)
        flags = ("-a", setting.flag) if setting.name == "attr" else (setting.flag,)
        parser.remember(
            group.add_argument(
                *flags, dest=setting.name, metavar=setting.metavar, help=help_text(setting, help_of)
            )
        )


def _add_switch(
    parser: Parser, group: argparse._ArgumentGroup, setting: Setting, help_of: dict[str, str]
) -> None:
    """Add the word that makes a setting false; where that is the default, also the one that makes it true."""
    if setting.default:
        action = group.add_argument(
            setting.switch(False), dest=setting.name, action="store_false", default=None,
            help=f"do not {setting.help}",
        )  # fmt: skip
    else:
        action = group.add_argument(
            setting.flag, dest=setting.name, action=argparse.BooleanOptionalAction, default=None,
            help=help_text(setting, help_of),
        )  # fmt: skip
    parser.remember(action)


def _add_short_levels(parser: Parser, group: argparse._ArgumentGroup) -> None:
    """Add the short words for a level; the last one of a command line counts."""
    for flags, level, text in (
        (("-v", "--verbose"), "info", "as --log-level info"),
        (("-vv",), "debug", "as --log-level debug"),
        (("-q", "--quiet"), "error", "as --log-level error"),
    ):
        parser.remember(
            group.add_argument(
                *flags, dest="log_level", action="store_const", const=level, default=None, help=text
            )
        )


_TITLES = {"run": "the run", "engine": "the engine (measured defaults; seldom needed)"}


def help_text(setting: Setting, help_of: dict[str, str]) -> str:
    """Give the help of a setting, with its default; `help_of` is as `engine_help` gives it, or empty."""
    text = setting.help or help_of.get(setting.name, "").replace("\n", " ")
    default = "" if setting.default is None else f" (default {setting.default})"
    return text + default


def engine_help() -> dict[str, str]:
    """Give the text under each field of `EngineSettings`, read from its source: a line for each paragraph."""
    import inspect

    from hpcd4p.plan import settings

    tree = ast.parse(inspect.getsource(settings))
    body = next(
        n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == settings.EngineSettings.__name__
    ).body
    texts = {}
    for field, text in pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
        ):
            texts[field.target.id] = "\n".join(
                " ".join(part.split()) for part in str(ast.literal_eval(text.value)).split("\n\n")
            )
    return texts


def resolved_settings(options: argparse.Namespace, workflow: str | None) -> Resolved:
    """Give the settings of a parsed command line."""
    names = all_settings().keys()
    flags = {n: v for n, v in vars(options).items() if n in names and v is not None}
    if workflow is not None:
        flags["workflow"] = workflow
    return resolve(flags, config=options.config)


def whole_number(text: str | None, flag: str, low: int, high: int, default: int | None) -> int | None:
    """Give the value of an option that is not a setting.

    Raises
    ------
    SettingsError
        It is no whole number, or not from `low` to `high`.
    """
    if text is None:
        return default
    try:
        number = int(text)
    except ValueError:
        raise SettingsError(f"{flag} must be a whole number from {low} to {high:,}, not {text!r}") from None
    if not low <= number <= high:
        raise SettingsError(f"{flag} must be from {low} to {high:,}, not {text}")
    return number
