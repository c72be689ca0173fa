"""The measured fingertips of a recording, so that many contact profiles can be evaluated in seconds.

Hands, surface, sheet and fingertips do not depend on how a press is decided: the real pipeline measures them once, and
they are cached. A recording without images has the same form; see `kinematic_view`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

import fingertip_contact.contact.measurement
import fingertip_contact.hands
import fingertip_contact.images
import fingertip_contact.keyboard.markers
import fingertip_contact.keyboard.sheet_pose
import fingertip_contact.pipeline
import fingertip_contact.surface
from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.measurement.appearance_network import DEFAULT_MODEL as APPEARANCE_MODEL
from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.columns import FINGER_COUNT, find_columns
from fingertip_contact.contact.measurement.fingertip_estimator import FingertipEstimator
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.measurement.hand_shape import SHAPE
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGERS, HANDS, ContactEvent, Frame, FrameResult, Hand, TapCandidate
from fingertip_contact.factory import DEFAULT_HAND_TRACKER, build_contact_pipeline
from fingertip_contact.files import atomic_write, fill_cache
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.hands.landmark_model import CALIBRATION, choose_precision
from fingertip_contact.keyboard.key_decoder import KeyDecoder, KeyDecoderSettings
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.pipeline import Pipeline
from fingertip_contact.recordings.events import EventRecord, make_event_records
from fingertip_contact.recordings.open import open_recording
from fingertip_contact.registry import HAND_TRACKERS
from fingertip_contact.resources import find_share_directory, find_share_file, get_cache_directory

# The detector identifies a hand by its handedness and track; only the measurement needs landmarks.
_NO_LANDMARKS = np.full((21, 2), np.nan, dtype=np.float32)


@dataclass(frozen=True)
class FingertipRecording:
    """T frames of ten fingers, left thumb to right little finger; NaN where not measured.

    stamps_ns: (T,) int64. tracks: (T, 2) int64, track of the left and the right hand, -1 where the hand
    is missing. samples:
    arrays of FingertipSamples with (T, 10) in place of (N,). sheet_rotation: (T, 3, 3) and sheet_translation_m: (T, 3)
    are camera_from_sheet, NaN where it is unknown. surface_normals: (T, 3) and surface_offsets_m: (T,) of the surface's
    plane, NaN while there is none. hints: (T,) str, what the pipeline advised. The last three are empty where no
    pipeline ran.
    """

    stamps_ns: np.ndarray
    tracks: np.ndarray
    samples: FingertipSamples
    sheet_rotation: np.ndarray
    sheet_translation_m: np.ndarray
    surface_normals: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    surface_offsets_m: np.ndarray = field(default_factory=lambda: np.zeros(0))
    hints: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.str_))

    @property
    def duration_s(self) -> float:
        return float(self.stamps_ns[-1] - self.stamps_ns[0]) / 1e9

    def hands(self, row: int) -> tuple[Hand, ...]:
        """The hands of a frame."""
        return tuple(
            Hand(int(track), side, 1.0, 1.0, _NO_LANDMARKS)
            for side, track in zip(HANDS, self.tracks[row], strict=True)
            if track >= 0
        )

    def samples_at(self, row: int) -> FingertipSamples | None:
        """The samples of a frame, five per hand; None without a hand."""
        columns = np.repeat(self.tracks[row] >= 0, len(FINGERS))
        if not columns.any():
            return None
        return _map_fields(self.samples, lambda values: values[row][columns])

    def camera_from_sheet(self, row: int) -> RigidTransform | None:
        if not np.isfinite(self.sheet_translation_m[row, 0]):
            return None
        return RigidTransform(self.sheet_rotation[row], self.sheet_translation_m[row])

    def subtract_thickness(self, thickness_m: np.ndarray) -> FingertipRecording:
        """The recording with each finger's thickness (10,), metres, subtracted from its heights."""
        slant = self.samples.axial_height_m / self.samples.rim_height_m
        samples = replace(
            self.samples,
            rim_height_m=self.samples.rim_height_m - thickness_m,
            axial_height_m=self.samples.axial_height_m - slant * thickness_m,
        )
        return replace(self, samples=samples)


def detect(
    recording: FingertipRecording,
    parameters: ContactParameters,
    layout: Layout,
    words_decoder: KeyDecoder | None = None,
    on_tentative: Callable[[TapCandidate], object] | None = None,
) -> list[EventRecord]:
    """The events that these parameters detect, with their keys; presses that are open at the end are cancelled.

    words_decoder: reads the same contacts, for its text; the events are those of a decoder without a language model.
    on_tentative: gets each tap that was not sure enough for a press.
    """
    # Everything was measured before.
    estimator = FingertipEstimator(parameters, with_rims=False, with_appearance=False)
    detector = ContactDetector(parameters, estimator=estimator)
    decoder = KeyDecoder(layout, KeyDecoderSettings(report_off_key=True))
    records: list[EventRecord] = []
    for row, stamp in enumerate(recording.stamps_ns):
        stamp_ns = int(stamp)
        _, contacts = detector.update(stamp_ns, recording.hands(row), recording.samples_at(row))
        camera_from_sheet = recording.camera_from_sheet(row)
        records += _make_records(stamp_ns, contacts, decoder, camera_from_sheet)
        if words_decoder is not None:
            words_decoder.process(contacts, camera_from_sheet, stamp_ns, detector.tentative)
        if on_tentative is not None:
            for candidate in detector.tentative:
                on_tentative(candidate)
    last_ns = int(recording.stamps_ns[-1])
    cancelled = detector.cancel_all(last_ns)
    records += _make_records(last_ns, cancelled, decoder, None)
    if words_decoder is not None:
        words_decoder.process(cancelled, None)
        words_decoder.complete_word()
    return records


def _make_records(
    stamp_ns: int,
    contacts: tuple[ContactEvent, ...],
    decoder: KeyDecoder,
    camera_from_sheet: RigidTransform | None,
) -> tuple[EventRecord, ...]:
    if not contacts:
        return ()
    keys = decoder.process(contacts, camera_from_sheet, stamp_ns)
    return make_event_records(FrameResult(stamp_ns, (), (), contacts, keys, decoder.text, None, camera_from_sheet))


def measure_recording(
    bag: Path, layout: Layout, calibration_seconds: float, hand_tracker: str = DEFAULT_HAND_TRACKER
) -> FingertipRecording:
    """The fingertips that the real pipeline measures in a bag.

    Cached: measured again only if the bag or the measuring code has changed.
    """
    cached = _cache_path(bag, layout, calibration_seconds, hand_tracker)

    def measure(path: Path) -> None:
        _write(measure_bag(bag, layout, calibration_seconds, hand_tracker=hand_tracker), path)

    fill_cache(cached, measure)
    return load_measured(cached)


def save_measured(recording: FingertipRecording, path: Path) -> None:
    """Write a .npz file for `load_measured`; an old one is replaced."""
    with atomic_write(path, overwrite=True) as temporary_path:
        _write(recording, temporary_path)


def _write(recording: FingertipRecording, path: Path) -> None:
    # numpy would add .npz to another name.
    with path.open("wb") as file:
        np.savez(file, **_to_arrays(recording))


def load_measured(path: Path) -> FingertipRecording:
    """The recording of a file of `save_measured`."""
    with np.load(path, allow_pickle=False) as arrays:
        samples = FingertipSamples(**{entry.name: arrays[entry.name] for entry in fields(FingertipSamples)})
        rest = {entry.name: arrays[entry.name] for entry in fields(FingertipRecording) if entry.name != "samples"}
    return FingertipRecording(samples=samples, **rest)


def measure_bag(
    bag: Path,
    layout: Layout,
    calibration_seconds: float,
    on_frame: Callable[[Frame, FrameResult], object] = lambda frame, result: None,
    *,
    with_appearance: bool = True,
    hand_tracker: str = DEFAULT_HAND_TRACKER,
) -> FingertipRecording:
    """What `measure_recording` keeps, measured now. on_frame: gets every frame and what the pipeline found in it."""
    parameters = ContactParameters(calibration_seconds=calibration_seconds)
    collector = _MeasurementCollector()
    estimator = FingertipEstimator(parameters, with_rims=True, with_appearance=with_appearance)
    # How presses are decided has no influence on what is measured; this classifier needs no model.
    detector = ContactDetector(replace(parameters, classifier="evidence"), collector.collect, estimator)
    contact = build_contact_pipeline(layout, parameters, detector=detector)
    pipeline = Pipeline(HAND_TRACKERS.make(hand_tracker, required=("process", "reset")), contact)
    rotations, translations, normals, offsets_m, hints = [], [], [], [], []
    with open_recording(bag) as opened:
        for frame in opened.frames():
            result = pipeline.process(frame)
            on_frame(frame, result)
            sheet, surface = result.camera_from_sheet, result.surface
            normals.append(np.full(3, np.nan) if surface is None else surface.plane.normal)
            offsets_m.append(np.nan if surface is None else surface.plane.offset_m)
            hints.append(result.hint)
            rotations.append(np.full((3, 3), np.nan) if sheet is None else sheet.rotation)
            translations.append(np.full(3, np.nan) if sheet is None else sheet.translation_m)
    return FingertipRecording(
        stamps_ns=np.array(collector.stamps_ns, dtype=np.int64),
        tracks=np.array(collector.tracks, dtype=np.int64),
        samples=FingertipSamples(
            **{entry.name: np.stack([row[entry.name] for row in collector.rows]) for entry in fields(FingertipSamples)}
        ),
        sheet_rotation=np.stack(rotations),
        sheet_translation_m=np.stack(translations),
        surface_normals=np.stack(normals),
        surface_offsets_m=np.array(offsets_m),
        hints=np.array(hints, dtype=np.str_),
    )


_MEASURING_CODE = (
    fingertip_contact.pipeline,
    fingertip_contact.images,
    fingertip_contact.contact.measurement,
    fingertip_contact.surface,
    fingertip_contact.keyboard.markers,
    fingertip_contact.keyboard.sheet_pose,
    fingertip_contact.hands,
)
# Of the fields of FingertipSamples that hold more than one number per finger.
FIELD_SHAPES = {
    "tip_px": (2,),
    "tip_end_px": (2,),
    "contact_point_m": (3,),
    "flow_m": (2,),
    "shape": (len(SHAPE),),
    "appearance": (len(OUTPUTS),),
}


class _MeasurementCollector:
    """Collects the measurements of a detector, frame by frame. rows: each field of FingertipSamples, (10, ...)."""

    def __init__(self) -> None:
        self.stamps_ns: list[int] = []
        self.tracks: list[list[int]] = []
        self.rows: list[dict[str, np.ndarray]] = []

    def collect(self, stamp_ns: int, hands: tuple[Hand, ...], samples: FingertipSamples | None) -> None:
        tracks = {hand.handedness: hand.track for hand in hands}
        self.stamps_ns.append(stamp_ns)
        self.tracks.append([tracks.get(side, -1) for side in HANDS])
        self.rows.append(_to_finger_columns(samples, find_columns(hands)))


def _to_finger_columns(samples: FingertipSamples | None, columns: list[int]) -> dict[str, np.ndarray]:
    """Each field for all ten fingers, NaN where it was not measured. columns: that of each row of the samples."""
    rows = {}
    for entry in fields(FingertipSamples):
        row = np.full((FINGER_COUNT, *FIELD_SHAPES.get(entry.name, ())), np.nan)
        if samples is not None:
            row[columns] = getattr(samples, entry.name)
        rows[entry.name] = row
    return rows


def _map_fields(samples: FingertipSamples, function: Callable[[np.ndarray], np.ndarray]) -> FingertipSamples:
    return FingertipSamples(**{entry.name: function(getattr(samples, entry.name)) for entry in fields(samples)})


def _to_arrays(recording: FingertipRecording) -> dict[str, Any]:
    whole = {entry.name: getattr(recording, entry.name) for entry in fields(recording) if entry.name != "samples"}
    return whole | {entry.name: getattr(recording.samples, entry.name) for entry in fields(recording.samples)}


def _cache_path(bag: Path, layout: Layout, calibration_seconds: float, hand_tracker: str) -> Path:
    digest = digest_measurement(bag, layout, calibration_seconds, hand_tracker)
    for file in sorted((find_share_directory() / APPEARANCE_MODEL).parent.glob(f"{APPEARANCE_MODEL.stem}.*")):
        digest.update(file.read_bytes())
    return get_cache_directory() / "fingertips" / f"{bag.stem}-{digest.hexdigest()[:16]}.npz"


def digest_measurement(bag: Path, layout: Layout, *settings: object) -> hashlib._Hash:
    """Of everything that decides what is measured in a bag: its identity, the settings and the measuring code, but not
    the appearance network."""
    status = bag.stat()
    identity = (str(bag.resolve()), status.st_mtime_ns, status.st_size, layout.name, *settings)
    digest = hashlib.sha256(repr(identity).encode())
    for module in _MEASURING_CODE:
        path = Path(module.__file__ or "")
        for source in sorted(path.parent.glob("*.py")) if path.name == "__init__.py" else [path]:
            digest.update(source.read_bytes())
    digest.update(find_share_file(CALIBRATION).read_bytes())
    digest.update(choose_precision("auto").encode())
    return digest
