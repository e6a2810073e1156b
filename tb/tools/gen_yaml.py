# SPDX-License-Identifier: Apache-2.0
"""Checked reading of the YAML sources: every mistake becomes one `SpecError` with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

NAME_RE = re.compile(r"[A-Z][A-Z0-9_]*\Z")
CLASS_RE = re.compile(r"[A-Z][A-Za-z0-9]*\Z")
NEVER = 99  # milestone of architected items that this design does not implement


class SpecError(Exception):
    """A mistake in a source file; the text names the place."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in a mapping; YAML's own loader keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, (list, dict)):
                continue  # not hashable: the loader says so
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key {key!r} stands twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_yaml(path: Path) -> dict[str, Any]:
    """The document of a YAML file; SpecError when it cannot be read or is no mapping."""
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), _Loader)
    except OSError as err:
        raise SpecError(f"{path}: {err.strerror}") from None
    except UnicodeDecodeError:
        raise SpecError(f"{path}: not UTF-8 text") from None
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else f"{path}"
        problem = getattr(err, "problem", None) or "unreadable character"
        raise SpecError(f"{place}: not YAML: {problem}") from None
    if not isinstance(data, dict):
        raise SpecError(f"{path}: a mapping is wanted at the top")
    return data


def check_keys(node: Any, where: str, need: Iterable[str], may: Iterable[str] = ()) -> None:
    """SpecError unless `node` is a mapping with exactly the allowed keys."""
    if not isinstance(node, dict):
        raise SpecError(f"{where}: a mapping is wanted")
    for key in need:
        if key not in node:
            raise SpecError(f"{where}: key '{key}' is missing")
    for key in node:
        if key not in need and key not in may:
            raise SpecError(f"{where}: unknown key '{key}'")


def get_list(node: dict[str, Any], key: str, where: str) -> list[Any]:
    """A list value."""
    value = node[key]
    if not isinstance(value, list):
        raise SpecError(f"{where}.{key}: a list is wanted")
    return value


def get_int(
    node: dict[str, Any], key: str, where: str, bits: int, default: int | None = None
) -> int:
    """A non-negative integer of at most `bits` bits."""
    value = node.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SpecError(f"{where}.{key}: a non-negative integer is wanted")
    if value >> bits:
        raise SpecError(f"{where}.{key}: {value:#x} does not fit {bits} bits")
    return value


def get_str(node: dict[str, Any], key: str, where: str, default: str | None = None) -> str:
    """A single-line text."""
    value = node.get(key, default)
    if not isinstance(value, str) or "\n" in value:
        raise SpecError(f"{where}.{key}: one line of text is wanted")
    return value


def get_bool(node: dict[str, Any], key: str, where: str) -> bool:
    """A flag, false when absent."""
    value = node.get(key, False)
    if not isinstance(value, bool):
        raise SpecError(f"{where}.{key}: true or false is wanted")
    return value


def get_name(node: Any, where: str, pattern: re.Pattern[str] = NAME_RE) -> str:
    """The `name` of an item."""
    name = node.get("name") if isinstance(node, dict) else None
    if not isinstance(name, str) or not pattern.match(name):
        raise SpecError(f"{where}: bad or missing name {name!r}")
    return name


def get_milestone(node: dict[str, Any], where: str) -> int:
    """1, 2 or NEVER."""
    value = node.get("milestone", 1)
    if value == "never":
        return NEVER
    if value not in (1, 2) or isinstance(value, bool):
        raise SpecError(f"{where}.milestone: 1, 2 or never is wanted")
    return value


def unique(items: Iterable[Any], where: str, what: str, keys: Iterable[Any]) -> None:
    """SpecError on a key that occurs twice."""
    seen: dict[Any, Any] = {}
    for item, key in zip(items, keys, strict=True):
        if key in seen:
            raise SpecError(f"{where}.{item.name}: {what} is already used by {seen[key].name}")
        seen[key] = item
