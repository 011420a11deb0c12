"""What must be the same when a run goes on: its program, its options, its inputs, its elements.

Kept as JSON that people can read (`run.json`). What it costs is bounded, however large the inputs are: of
a file the size, the time of its last change, and its first and last MiB; of a folder names, sizes and times.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import hpcd4p
from hpcd4p.checkpoint.durable import PathLike
from hpcd4p.wire.codec import blake2b

ENDS_BYTES = 1 << 20
"""So much is read at the beginning and at the end of an input."""

MOST_FILES = 10_000
"""Inputs that are looked at, and files of each folder among them."""

LONG = 1_000
"""Values of options whose text is longer are kept as a digest."""

SHOWN = 60
"""Letters of a value that are told."""

ALIKE = frozenset({"simple", "dynamic", "hybrid"})
"""Mappings in which elements have the same partitions: a run of one can go on in another."""

Identity = dict[str, Any]


def identify(
    *,
    workflow: str,
    sources: Iterable[PathLike],
    options: Mapping[str, Any],
    mapping: str,
    elements: Iterable[tuple[str, int]],
) -> Identity:
    """What a run is.

    Parameters
    ----------
    workflow
        Its name, as it was given.
    sources
        Files with its code.
    options
        What counts for the answer, by the name that the user knows (``--task-ms``, ``-d``). Files and folders
        that are named in values are inputs, so names of what the run *writes* do not belong here, nor
        passwords. What is not JSON is compared by its type alone.
    mapping
        As it is called.
    elements
        Name and number of partitions of each, in the order of the plan.
    """
    return {
        "hpcd4p": hpcd4p.__version__,
        "python": ".".join(map(str, sys.version_info[:2])),
        "workflow": workflow,
        "sources": {os.path.abspath(path): _digest(path) for path in sources},
        "options": {name: _kept(value) for name, value in options.items()},
        "inputs": {path: _input(path) for path in _paths(options)},
        "mapping": mapping,
        "elements": [[name, partitions] for name, partitions in elements],
    }


def differences(old: Identity, new: Identity) -> list[str]:
    """What has changed between two identities, one line each; nothing if the run may go on."""
    words = {"hpcd4p": "hpcd4p", "python": "Python", "workflow": "the workflow", "mapping": "the mapping"}
    if {old.get("mapping"), new.get("mapping")} <= ALIKE:
        del words["mapping"]
    found = [
        f"{word} was {_shown(old.get(key))} and is {_shown(new.get(key))}"
        for key, word in words.items()
        if old.get(key) != new.get(key)
    ]
    found += _of_sources(old.get("sources", {}), new.get("sources", {}))
    options = list(_of_options(old.get("options", {}), new.get("options", {})))
    found += options
    found += _of_inputs(old.get("inputs", {}), new.get("inputs", {}), told=bool(options))
    found += _of_elements(old.get("elements", []), new.get("elements", []))
    return found


# ---- what is kept


def _digest(path: PathLike) -> str:
    """Of all of a file; of one that cannot be read the reason."""
    digest = blake2b(digest_size=16)
    try:
        with open(path, "rb") as file:
            while data := file.read(ENDS_BYTES):
                digest.update(data)
    except OSError as error:
        return str(error.strerror)
    return digest.hexdigest()


def _kept(value: Any) -> Any:
    """A value as JSON gives it back, a digest of a long one, or the type of what is not JSON."""
    try:
        text = json.dumps(value, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return {"type": f"{type(value).__module__}.{type(value).__qualname__}"}
    if len(text) > LONG:
        return {"digest": blake2b(text.encode(), digest_size=16).hexdigest(), "letters": len(text)}
    return json.loads(text)


def _paths(options: Mapping[str, Any]) -> list[str]:
    """Files and folders that values name."""
    found: dict[str, None] = {}
    for text in _texts(options):
        if len(found) >= MOST_FILES:
            break
        if 0 < len(text) < 4096 and "\0" not in text and os.path.exists(text):
            found[os.path.abspath(text)] = None
    return list(found)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):  # as options have it on the command line
            try:
                yield from _texts(json.loads(value))
            except (ValueError, RecursionError):
                return
    elif isinstance(value, os.PathLike):
        yield os.fsdecode(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _input(path: str) -> dict[str, Any]:
    try:
        if os.path.isdir(path):
            return _folder(path)
        if not os.path.isfile(path):
            return {"kind": "neither file nor folder"}  # a pipe would wait for ever
        facts = os.stat(path)
        return {"bytes": facts.st_size, "modified": facts.st_mtime, "ends": _ends(path, facts.st_size)}
    except OSError as error:
        return {"kind": str(error.strerror)}


def _ends(path: str, size: int) -> str:
    digest = blake2b(digest_size=16)
    with open(path, "rb") as file:
        digest.update(file.read(ENDS_BYTES))
        file.seek(max(file.tell(), size - ENDS_BYTES))
        digest.update(file.read(ENDS_BYTES))
    return digest.hexdigest()


def _folder(path: str) -> dict[str, Any]:
    digest = blake2b(digest_size=16)
    files = size = 0
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            if files == MOST_FILES:
                return {"files": files, "bytes": size, "listing": digest.hexdigest()}
            facts = os.lstat(os.path.join(folder, name))
            line = (os.path.relpath(os.path.join(folder, name), path), facts.st_size, facts.st_mtime_ns)
            digest.update(repr(line).encode())
            files += 1
            size += facts.st_size
    return {"files": files, "bytes": size, "listing": digest.hexdigest()}


# ---- what is told


def _of_sources(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    moved = set(new.values()) - {new[path] for path in old.keys() & new.keys()}
    for path, digest in old.items():
        if path in new and new[path] != digest:
            yield f"the workflow file {path} has changed since"
        elif path not in new and digest not in moved:
            yield f"the workflow file {path} is not part of it any more"
    for path in new.keys() - old.keys():
        if new[path] not in old.values():
            yield f"the workflow file {path} was not part of it"


def _of_options(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in old:
            yield f"{name} was not given and is {_shown(new[name])}"
        elif name not in new:
            yield f"{name} was {_shown(old[name])} and is not given"
        elif old[name] != new[name]:
            before, after = _shown(old[name]), _shown(new[name])
            yield f"{name} was {before} and is {after}" if before != after else f"{name} has changed since"


def _of_inputs(old: Mapping[str, Any], new: Mapping[str, Any], told: bool) -> Iterator[str]:
    """`told`: options have changed, so what they named before is not looked for."""
    for path, before in old.items():
        after = new.get(path)
        if after is None:
            if not told:
                yield f"the input {path} is gone"
        elif how := _change(before, after):
            yield f"the input {path} has changed since: {how}"


def _change(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """How an input has changed, or nothing."""
    for key, word in (("kind", "it was {} and is {}"), ("files", "it had {} files and has {}")):
        if old.get(key) != new.get(key):
            return word.format(old.get(key, "readable"), new.get(key, "readable"))
    if old.get("bytes") != new.get("bytes"):
        return f"it had {old.get('bytes')} bytes and has {new.get('bytes')}"
    if old.get("ends") != new.get("ends"):
        return "its content is another"
    if old.get("listing") != new.get("listing"):
        return "names, sizes or times of its files are others"
    # of a small file the digest is that of all its content: its time says nothing more
    if old.get("modified") != new.get("modified") and old.get("bytes", 0) > 2 * ENDS_BYTES:
        return time.strftime("it was written at %Y-%m-%d %H:%M:%S", time.localtime(new.get("modified", 0)))
    return ""


def _of_elements(old: list[list[Any]], new: list[list[Any]]) -> Iterator[str]:
    before, after = dict(map(tuple, old)), dict(map(tuple, new))
    for name, partitions in before.items():
        if name not in after:
            yield f"the element {name} is not there any more"
        elif after[name] != partitions:
            yield f"the element {name} had {partitions} partitions and has {after[name]}"
    yield from (f"the element {name} was not there" for name in after if name not in before)
    if before == after and old != new:
        yield "the elements are in another order"


def _shown(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"digest", "letters"}:
        return f"a text of {value['letters']} letters"
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) > SHOWN:
        return f"{text[:12]}...{text[15 - SHOWN :]}"  # of paths the end tells more
    return text
