"""What `process` writes beside the events, for people to look at or listen to: video, Rerun's recording, notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.datatypes import Frame, FrameResult
from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.outputs.midi_port import MidiFile, require_midi_name
from fingertip_contact.visualization.rerun_file import open_rerun_file, require_rerun_name
from fingertip_contact.visualization.upright import AUTO, UprightTurn
from fingertip_contact.visualization.video import open_overlay_video, require_video_name

# Gets each frame with its result; at the end a result without a frame.
View = Callable[[Frame | None, FrameResult], object]


@dataclass(frozen=True)
class ViewFiles:
    """The files that were asked for; None: not. video_turn: as of Overlay."""

    video: Path | None
    rerun: Path | None
    midi: Path | None
    video_turn: str = AUTO

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(path for path in (self.video, self.rerun, self.midi) if path is not None)

    def require_usable(self) -> None:
        """Raises ValueError, with the remedy, for a name of another kind, or where a library is missing."""
        UprightTurn(self.video_turn)
        if self.video is not None:
            require_video_name(self.video)
        if self.rerun is not None:
            require_rerun_name(self.rerun)
        if self.midi is not None:
            require_midi_name(self.midi)

    @contextmanager
    def open(
        self, unfinished: Mapping[Path, Path], layout: Layout, camera: Camera, frames_per_second: float
    ) -> Iterator[tuple[View, ...]]:
        """The views; their files are complete when the block ends. unfinished: where each is written until then.

        Raises OSError if the disk is full, ValueError if this OpenCV cannot write video.
        """
        views: list[View] = []
        with ExitStack() as stack:
            if self.video is not None:
                opened = open_overlay_video(
                    unfinished[self.video], layout, camera, frames_per_second, turn=self.video_turn, name=self.video
                )
                draw = stack.enter_context(opened)
                views.append(lambda frame, result: frame is not None and draw(frame, result))
            if self.rerun is not None:
                views.append(stack.enter_context(open_rerun_file(unfinished[self.rerun], layout)))
            if self.midi is not None:
                notes = MidiFile()
                views.append(lambda _, result: notes.process(result))
            yield tuple(views)
            if self.midi is not None:
                notes.save(unfinished[self.midi])
