"""The only reader of YAML, and of JSON as YAML. Files come from anybody: their limits are checked before the work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from fingertip_contact.safe_text import describe, to_one_line

# The largest file of ours has 11 kB and 2,600 nodes; a layout of 1,000 keys has 120 kB and 14,000 nodes.
MAX_BYTES = 1 << 20
# Scalars, lists and mappings; an alias counts as all that it stands for.
MAX_NODES = 30_000
MAX_DEPTH = 20
MAX_NAME_LENGTH = 200
# Whole numbers beyond 64 bits overflow in numpy.
MAX_INTEGER = (1 << 63) - 1
_MAX_INTEGER_LENGTH = 100
_MERGE_TAG = "tag:yaml.org,2002:merge"


def read_yaml(path: Path) -> Any:
    """The content of a file: mappings, lists, texts, numbers, booleans, dates and None.

    Raises ValueError that names the file, and the line where known, if it is not YAML in UTF-8, is too large or nested
    too deeply, lists a key twice, refers to itself or has tags (`!!`); OSError if it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path} has more than {MAX_BYTES} bytes, too many for a YAML file; make it smaller")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not a text file in UTF-8 ({error}); save it as one") from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> Any:
    """As `read_yaml`, for a text. source: what names it in errors."""
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    # ValueError and OverflowError: dates that do not exist.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        problem = to_one_line(_describe(error))
        raise ValueError(f"{source}: not readable as YAML or JSON ({problem}); correct it there") from error
    finally:
        if loader is not None:
            loader.dispose()


def _choose_loader() -> Any:
    """yaml.SafeLoader; where PyYAML has libyaml, with its events, which takes a quarter of the time: nodes are composed
    here as there."""
    if not yaml.__with_libyaml__:
        return yaml.SafeLoader
    from yaml.cyaml import CParser

    class _EventLoader(Composer, CParser, SafeConstructor, Resolver):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            SafeConstructor.__init__(self)
            Resolver.__init__(self)

    return _EventLoader


_BaseLoader: Any = _choose_loader()


class _Loader(_BaseLoader):
    """Counts while it reads, so that a file beyond the limits costs no more than one within them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._node_count = 0
        self._depth = 0
        # Finished node -> the nodes that it stands for. A node that is referred to before that contains itself.
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            return self._compose_alias(parent, index, event)
        if getattr(event, "tag", None) not in (None, "!"):
            self._refuse(event, "tags are not read; remove it")
        before = self._node_count
        self._count(event, 1)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        self._sizes[id(node)] = self._node_count - before
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        """Refuses doubled keys, of which YAML would silently use the last one. Merged keys (`<<`) may be doubled."""
        seen = set()
        for label_node, _ in node.value:
            if label_node.tag == _MERGE_TAG:
                continue
            if not isinstance(label_node, yaml.ScalarNode):
                self._refuse(label_node, "a name has to be a text or a number")
            label = self.construct_object(label_node)
            if len(label_node.value) > MAX_NAME_LENGTH:
                self._refuse(label_node, f"a name has more than {MAX_NAME_LENGTH} characters")
            if label in seen:
                self._refuse(label_node, f"{describe(label)} is listed twice")
            seen.add(label)
        return super().construct_mapping(node, deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        if len(node.value) <= _MAX_INTEGER_LENGTH:
            number = self.construct_yaml_int(node)
            if abs(number) <= MAX_INTEGER:
                return number
        return self._refuse(node, f"a whole number is larger than {MAX_INTEGER}")

    def _compose_alias(self, parent: yaml.Node | None, index: Any, event: yaml.AliasEvent) -> yaml.Node | None:
        node = super().compose_node(parent, index)
        if id(node) not in self._sizes:
            self._refuse(event, f"*{event.anchor} refers to what it is part of")
        self._count(event, self._sizes[id(node)])
        return node

    def _count(self, event: yaml.Event, count: int) -> None:
        self._node_count += count
        if self._node_count > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES} values; make the file smaller")

    @staticmethod
    def _refuse(where: Any, problem: str) -> Any:
        raise yaml.constructor.ConstructorError(None, None, problem, where.start_mark)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_integer)


def _describe(error: Exception) -> str:
    """Without YAML's picture of the line."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"{error.context or ''} {error.problem}, line {mark.line + 1}, column {mark.column + 1}"
    return str(error)
