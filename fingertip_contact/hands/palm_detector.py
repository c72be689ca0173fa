"""Finds palms in a whole image: the network that starts the tracking of a hand.

Follows MediaPipe's palm detection (mediapipe 0.10.21, modules/palm_detection, Apache-2.0): an SSD with one box and
seven key points for each of 2,016 anchors.
"""

from __future__ import annotations

from math import log
from pathlib import Path

import cv2
import numpy as np

from fingertip_contact.hands.network import Network
from fingertip_contact.hands.roi import Roi, from_palm

INPUT_SIZE = 192
# (cells per side, anchors per cell): stride 8 with two, then three layers of stride 16 with two each.
ANCHOR_GRIDS = ((24, 2), (12, 6))
KEYPOINT_COUNT = 7
WRIST, MIDDLE_KNUCKLE = 0, 2
# MediaPipe uses 0.5. From the front, curled fingers hide the palm: in single images of a typist at 45 degrees 0.5 finds
# 57 % of the hands, 0.2 finds 98 % and still nothing on an empty desk. The landmark network checks every palm anyway.
MIN_SCORE = 0.2
_MIN_LOGIT = log(MIN_SCORE / (1 - MIN_SCORE))
NMS_IOU_THRESHOLD = 0.3


class PalmDetector:
    """Palms of an image as regions for the landmark network, the highest score first.

    start() and result() are separate so that the landmark network can run in between. Not thread-safe.
    """

    def __init__(self, model: Path) -> None:
        self._request = Network(model, input_size=INPUT_SIZE, requests=1).requests[0]
        self._anchors = _make_anchors()
        self._image_from_input = 1.0

    def start(self, image_bgr: np.ndarray) -> None:
        """Begin with an image (H, W, 3) uint8, which may be reused when this returns."""
        height, width = image_bgr.shape[:2]
        self._image_from_input = max(height, width) / INPUT_SIZE
        scale = 1 / self._image_from_input
        padding_x, padding_y = self._letterbox_padding(width, height)
        cv2.warpAffine(
            image_bgr,
            np.array([[scale, 0, padding_x], [0, scale, padding_y]]),
            (INPUT_SIZE, INPUT_SIZE),
            dst=self._request.image_bgr,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
        )
        self._offset = np.array([padding_x, padding_y], np.float32)
        self._request.start()

    def result(self) -> list[Roi]:
        """The palms of the image given to start(); waits for them."""
        boxes, logits = self._request.wait()
        detected = np.flatnonzero(logits[0, :, 0] > _MIN_LOGIT)
        if not len(detected):
            return []
        scores = 1 / (1 + np.exp(-logits[0, detected, 0].astype(np.float64)))
        points = (self._decode(boxes[0, detected], detected) - self._offset) * self._image_from_input
        return [
            from_palm(palm[:2].reshape(4), palm[2 + WRIST], palm[2 + MIDDLE_KNUCKLE])
            for palm in merge_by_weighted_nms(points, scores)
        ]

    def _letterbox_padding(self, width: int, height: int) -> tuple[float, float]:
        longer = max(width, height)
        return (longer - width) / longer * INPUT_SIZE / 2, (longer - height) / longer * INPUT_SIZE / 2

    def _decode(self, raw: np.ndarray, anchors: np.ndarray) -> np.ndarray:
        """Raw (N, 18) -> points (N, 2 + 7, 2) in input pixels: low corner, high corner, key points."""
        pairs = raw.reshape(len(raw), 2 + KEYPOINT_COUNT, 2).astype(np.float32)
        center = self._anchors[anchors][:, None, :] * INPUT_SIZE
        box_center, half = center + pairs[:, :1], pairs[:, 1:2] / 2
        return np.concatenate([box_center - half, box_center + half, center + pairs[:, 2:]], axis=1)


def merge_by_weighted_nms(points: np.ndarray, scores: np.ndarray) -> list[np.ndarray]:
    """Merge detections that overlap: each group's points become their average weighted by score.

    points: (N, 2 + K, 2), the first two the corners of the box. scores: (N,). Returns arrays (2 + K, 2), best first.
    """
    order = np.argsort(-scores, kind="stable")
    merged = []
    while len(order):
        iou = intersection_over_union(points[order[0], :2], points[order, :2])
        group = order[iou > NMS_IOU_THRESHOLD]
        weights = scores[group]
        merged.append(np.tensordot(weights / weights.sum(), points[group], axes=1))
        order = order[iou <= NMS_IOU_THRESHOLD]
    return merged


def intersection_over_union(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """box: (2, 2) low and high corner; boxes: (N, 2, 2). Returns (N,)."""
    low, high = np.maximum(box[0], boxes[:, 0]), np.minimum(box[1], boxes[:, 1])
    intersection = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 1] - boxes[:, 0], axis=1)
    return intersection / (np.prod(box[1] - box[0]) + areas - intersection)


def _make_anchors() -> np.ndarray:
    """Anchor centres (2016, 2), x then y, as fractions of the input's side."""
    grids = []
    for cells, anchors_per_cell in ANCHOR_GRIDS:
        y, x = np.mgrid[:cells, :cells]
        centers = (np.stack([x, y], axis=-1).reshape(-1, 2) + 0.5) / cells
        grids.append(np.repeat(centers, anchors_per_cell, axis=0))
    return np.concatenate(grids).astype(np.float32)
