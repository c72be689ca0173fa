"""Implementations by name: what a profile, a parameter or an option names is found here.

A name is one of three, looked up in this order: registered (by this package, or by `Registry.register`), an entry
point that an installed package declares in the group `fingertip_contact.<kind>`, or `package.module:attribute`
(`attribute` may be dotted).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

T = TypeVar("T")


class Registry:
    """The implementations of one kind. kind: in the plural, e.g. `contact_classifiers`."""

    def __init__(self, kind: str, built_in: dict[str, str]) -> None:
        """built_in: name -> `package.module:attribute`, imported when it is first asked for."""
        self.kind = kind
        self._references = dict(built_in)
        self._registered: dict[str, Any] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """A decorator: what it stands over is found under the name. Raises ValueError where the name is taken."""
        if name in self._registered or name in self._references:
            raise ValueError(f"{self.kind} already has {name!r}; choose another name")

        def add(implementation: T) -> T:
            self._registered[name] = implementation
            return implementation

        return add

    def unregister(self, name: str) -> None:
        """Forget a registered name, for tests and notebooks. Raises KeyError for an unknown one."""
        del self._registered[name]

    def names(self) -> tuple[str, ...]:
        """Every name that is known, sorted; references need no name."""
        installed = {entry.name for entry in _find_entry_points(self.kind)}
        return tuple(sorted({*self._references, *self._registered, *installed}))

    def __contains__(self, name: object) -> bool:
        """Whether `get` would try to import something for the name."""
        return isinstance(name, str) and (name in self._registered or bool(self._find_reference(name)))

    def get(self, name: str) -> Any:
        """The implementation, imported where needed.

        Raises ValueError that lists the known names for an unknown one, or names the import that failed.
        """
        if name in self._registered:
            return self._registered[name]
        if reference := self._find_reference(name):
            return _import(self.kind, reference)
        raise ValueError(
            f"{self.kind} has no {name!r}; choose one of {', '.join(self.names())}, or name yours as module:attribute"
        )

    def make(self, name: str, *arguments: Any, required: tuple[str, ...] = (), **options: Any) -> Any:
        """Call the implementation. required: attributes that the result has to have.

        ValueError and OSError of the implementation pass; anything else becomes a ValueError that names it.
        """
        factory = self.get(name)
        try:
            made = factory(*arguments, **options)
        except (ValueError, OSError):
            raise
        except (Exception, SystemExit) as error:
            raise ValueError(
                f"{self.kind}: {name!r} cannot be made: {type(error).__name__}: {error}; see docs/extending.md"
            ) from error
        missing = [attribute for attribute in required if not hasattr(made, attribute)]
        if missing:
            raise ValueError(f"{self.kind}: {name!r} lacks {', '.join(missing)}; see docs/extending.md")
        return made

    def _find_reference(self, name: str) -> str:
        if name in self._references:
            return self._references[name]
        for entry in _find_entry_points(self.kind).select(name=name):
            return f"{entry.module}:{entry.attr}"
        return name if ":" in name else ""


def _find_entry_points(kind: str) -> EntryPoints:
    # Imported here: it takes 3 MB, and names of this package are found without it.
    from importlib.metadata import entry_points

    return entry_points(group=f"fingertip_contact.{kind}")


def _import(kind: str, reference: str) -> Any:
    module, _, attribute = reference.partition(":")
    try:
        return reduce(getattr, attribute.split("."), importlib.import_module(module))
    # Of any kind: the module's own code runs.
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"{kind}: {reference!r} cannot be imported: {type(error).__name__}: {error}; name it as module:attribute"
        ) from error


HAND_TRACKERS = Registry(
    "hand_trackers",
    {
        "mediapipe": "fingertip_contact.hands.tracker:HandTracker.from_weights",
        "mediapipe_f32": "fingertip_contact.hands.tracker:HandTracker.from_weights_f32",
    },
)
DEPTH_SOURCES = Registry(
    "depth_sources",
    {
        "auto": "fingertip_contact.depth.sources:RecordedStreams",
        "none": "fingertip_contact.depth.sources:NoDepth",
        "stereo": "fingertip_contact.depth.sources:RecordedStreams",
        "sensor": "fingertip_contact.depth.sources:SensorDepth",
        "model": "fingertip_contact.depth.sources:ModelDepth",
        "fused": "fingertip_contact.depth.sources:FusedDepth",
    },
)
SURFACE_SOURCES = Registry(
    "surface_sources", {"sheet_and_depth": "fingertip_contact.surface.surface_tracker:SurfaceTracker"}
)
CONTACT_CLASSIFIERS = Registry(
    "contact_classifiers",
    {
        "touch": "fingertip_contact.contact.classifiers.touch:TouchClassifier",
        "tree_ensemble": "fingertip_contact.contact.classifiers.tree_ensemble:TreeEnsembleClassifier",
        "evidence": "fingertip_contact.contact.classifiers.evidence:EvidenceClassifier",
        "published": "fingertip_contact.contact.classifiers.published:PublishedBaseline",
    },
)
KEY_SHAPES = Registry("key_shapes", {"rectangle": "fingertip_contact.keyboard.shapes:Rectangle"})
KEY_SINKS = Registry("key_sinks", {"uinput": "fingertip_contact.desktop.uinput_sink:UinputSink"})
OUTPUTS = Registry(
    "outputs",
    {
        "console": "fingertip_contact.outputs.console:Console",
        "midi": "fingertip_contact.outputs.midi_port:MidiPort",
    },
)
CAMERAS = Registry("cameras", {"d405": "fingertip_contact.cameras.d405:D405"})
