"""One run of the guide: source, pipeline, steps, and what is left at the end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fingertip_contact.contact.own_profiles import find_profile_path
from fingertip_contact.contact.parameters import list_profiles, load_profile
from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.factory import KeyboardOptions, build_pipeline
from fingertip_contact.files import require_not_exists
from fingertip_contact.live.source import SourceRequest, open_source
from fingertip_contact.setup_guide.guide import SetupGuide, require_known
from fingertip_contact.setup_guide.placement_step import PLACES
from fingertip_contact.setup_guide.saved_profile import save_profile
from fingertip_contact.setup_guide.start_lines import StartLines, make_start_lines
from fingertip_contact.setup_guide.step import StepReport
from fingertip_contact.setup_guide.steps import STEP_NAMES, make_guide
from fingertip_contact.setup_guide.typing_step import TypingScore, TypingStep, require_typable

# Of each decision, the contact profile that the saved one begins with.
DECISION_PROFILES = {"sure": "default", "fast": "fast"}


@dataclass(frozen=True)
class SetupChoices:
    """What a user decides. layout: as the launch files take it. user_side: see PlacementStep. profile: name of the
    saved one. decision: of DECISION_PROFILES. words: list of words, or empty. skipped: names of steps. overwrite:
    whether a profile of this name may be replaced."""

    source: SourceRequest
    layout: str
    user_side: str
    profile: str
    decision: str
    words: str
    text: str
    max_cer: float
    skipped: tuple[str, ...]
    timeout_s: float
    overwrite: bool


@dataclass(frozen=True)
class SetupResult:
    """score: None where nothing was typed. profile: None where none was saved. lines: that start what was set up; None
    where a step has failed that they need."""

    reports: tuple[StepReport, ...]
    has_failed: bool
    score: TypingScore | None
    profile: Path | None
    lines: StartLines | None


class View(Protocol):
    """Where the run is shown."""

    def show(self, frame: Frame, result: FrameResult) -> None:
        """Each frame with what was found in it."""

    def show_steps(self, reports: Sequence[StepReport]) -> None:
        """All steps, at the beginning and after each frame."""


class Session:
    """Checks the choices; `run` leads through the steps.

    Raises ValueError or OSError, with the remedy, for what cannot be used, before a camera is opened.
    """

    def __init__(self, choices: SetupChoices) -> None:
        self._choices = choices
        self._path = find_profile_path(choices.profile)
        if choices.profile in list_profiles():
            raise ValueError(f"{choices.profile!r} is a built-in profile; give --profile another name")
        if choices.profile.endswith((".yaml", ".yml")):
            raise ValueError(
                f"the profile's name is {choices.profile!r}; leave out the ending, which tells files from names"
            )
        self._is_saved = "profile" not in choices.skipped
        _require_choice("decision", choices.decision, DECISION_PROFILES)
        _require_choice("user side", choices.user_side, PLACES)
        require_known(STEP_NAMES, choices.skipped)
        self._base = DECISION_PROFILES[choices.decision]
        if self._is_saved and not choices.overwrite:
            require_not_exists(self._path)
        if "typing" not in choices.skipped:
            require_typable(choices.text, choices.source.layout)

    def run(self, views: Sequence[View], announce: Callable[[str], None]) -> SetupResult:
        """announce: told what users should know of the source. Raises as `open_source` and `build_pipeline` do, and
        OSError where a camera is lost."""
        choices, layout = self._choices, self._choices.source.layout
        with ExitStack() as stack:
            source = stack.enter_context(open_source(choices.source, announce))
            keyboard = KeyboardOptions(words=choices.words)
            pipeline = build_pipeline(layout, self._base, keyboard=keyboard, depth_source=source.depth_source)
            stack.callback(pipeline.contact.close)
            typing = TypingStep(choices.text, pipeline.contact.clear_text, choices.max_cer)
            profile = self._path if self._is_saved else self._base
            lines = make_start_lines(source, profile, choices.layout, choices.words)
            guide = make_guide(
                source,
                layout,
                choices.user_side,
                typing,
                lambda: self._save(guide, lines),
                choices.skipped,
                choices.timeout_s,
            )
            _show_steps(views, guide)
            for frame in source.frames:
                result = pipeline.process(frame)
                guide.update(frame, result)
                for view in views:
                    view.show(frame, result)
                _show_steps(views, guide)
                if guide.is_over:
                    break
            guide.end()
            _show_steps(views, guide)
        is_there = self._is_saved and not guide.is_blocked
        return SetupResult(
            guide.reports,
            guide.has_failed,
            typing.score,
            self._path if is_there else None,
            None if guide.is_blocked else lines,
        )

    def _save(self, guide: SetupGuide, lines: StartLines) -> str:
        """Where, in words."""
        found = [f"{report.name}: {report.text}" for report in guide.reports if report.text]
        comments = ["Written by `fingertip-contact setup`.", *found, *filter(None, (lines.ros, lines.plain))]
        parameters = load_profile(self._base)
        save_profile(self._path, self._choices.profile, parameters, comments, overwrite=self._choices.overwrite)
        return f"saved as {self._path}"


def _require_choice(name: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r}; choose one of {', '.join(choices)}")


def _show_steps(views: Sequence[View], guide: SetupGuide) -> None:
    for view in views:
        view.show_steps(guide.reports)
