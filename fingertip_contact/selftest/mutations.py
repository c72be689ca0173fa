"""Valid data with one or two members replaced, removed or renamed, and valid bytes with some changed."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

# Of any type, from nothing to what overflows in numpy.
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 0.5, 1e308, -1e308, 2**63 - 1, "", "x", "nan", "1", "../../x", "\x1b[31m", [], {}, [[]], [None],
    {"a": 1}, {"a": []}, [1, 2], [1, 2, 3], [[1, 2], [3, 4]], [10**18] * 3, [1e308] * 9, [["a"]],
)  # fmt: skip
# Of a list so many members are considered.
MAX_MEMBERS = 6
MAX_CHANGED_BYTES = 8


def list_places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of every member, as the names and indices that lead to it."""
    if isinstance(value, dict):
        members: Any = value.items()
    else:
        members = enumerate(value[:MAX_MEMBERS]) if isinstance(value, list) else ()
    for name, member in members:
        yield (*place, name)
        yield from list_places(member, (*place, name))


def mutate(valid: Any, random_: random.Random) -> Any:
    """A copy in which one or two members are replaced, removed or renamed."""
    value = copy.deepcopy(valid)
    for _ in range(random_.choice((1, 1, 2))):
        *names, last = random_.choice(list(list_places(value)) or [(None,)])
        parent = value
        for name in names:
            parent = parent[name]
        action = random_.random()
        if last is None:
            break
        if action < 0.15:
            del parent[last]
        elif action < 0.2 and isinstance(parent, dict):
            parent[str(random_.choice(VALUES))] = parent.pop(last)
        else:
            parent[last] = copy.deepcopy(random_.choice(VALUES))
    return value


def mutate_bytes(valid: bytes, random_: random.Random) -> bytes:
    """A copy that is cut, or in which some bytes are changed, doubled or left out."""
    content = bytearray(valid)
    action, place = random_.random(), random_.randrange(len(content))
    if action < 0.2:
        del content[place:]
    elif action < 0.3:
        del content[place : place + random_.randrange(1, 64)]
    elif action < 0.4:
        content[place:place] = content[place : place + random_.randrange(1, 64)]
    else:
        for _ in range(random_.randrange(1, MAX_CHANGED_BYTES)):
            content[random_.randrange(len(content))] = random_.randrange(256)
    return bytes(content)
