"""Draws a scene with OpenGL, headless: on a computer without a graphics card, Mesa's software renderer does it."""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np

from fingertip_contact.geometry import Camera, RigidTransform
from third_generator import shaders
from third_generator.scenery import Look
from third_generator.solid import Solid

_NEAR_M, _FAR_M = 0.05, 4.0
_SHADOW_PX, _SHADOW_SPAN_M = 1024, 0.62
# Of the light on the desk: 2 mm.
_GRID_PX = (360, 270)
_VERTEX_FORMAT = ("3f 3f 3f 4f 2f", "in_position", "in_normal", "in_rest", "in_color", "in_traits")
_MAX_BONES = 36
_CORNERS = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32)


class Painter:
    """Draws one scene: `cast` the shadows of a frame, then `draw` it from the cameras. Call `release` at the end.

    Raises RuntimeError where no OpenGL 3.3 can be had through EGL.
    """

    def __init__(self, look: Look) -> None:
        try:
            self._gl = moderngl.create_standalone_context(backend="egl")
        except Exception as error:  # glcontext raises plain Exception
            raise RuntimeError(f"no OpenGL through EGL ({error}): install libegl1 and libgl1-mesa-dri") from error
        self._shadow = self._gl.depth_texture((_SHADOW_PX, _SHADOW_PX))
        self._shadow.compare_func = ""
        self._shadow.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._shadow.repeat_x = self._shadow.repeat_y = False
        self._shadow_target = self._gl.framebuffer(depth_attachment=self._shadow)
        self._light = self._gl.texture(_GRID_PX, 2, dtype="f2")
        self._light.repeat_x = self._light.repeat_y = False
        self._light_target = self._gl.framebuffer(self._light)
        self._shade = self._gl.program(shaders.SHADOW_VERTEX, shaders.SHADOW_FRAGMENT)
        self._reach = self._gl.program(shaders.GRID_VERTEX, shaders.GRID_FRAGMENT)
        self._solid = self._gl.program(shaders.VERTEX, shaders.FRAGMENT)
        self._plane = self._gl.program(shaders.DESK_VERTEX, shaders.DESK_FRAGMENT)
        corners = self._gl.buffer(_CORNERS.tobytes())
        self._reach_array = self._gl.vertex_array(self._reach, [(corners, "2f", "in_corner")])
        self._plane_array = self._gl.vertex_array(self._plane, [(corners, "2f", "in_corner")])
        self._sheet, self._desk = self._load(look.sheet), self._load(look.desk)
        self._targets: dict[tuple[int, int], moderngl.Framebuffer] = {}
        self._clip_from_light = _look_along(look.to_lamp)
        self._set_constants(look)

    def cast(self, solid: Solid | None) -> None:
        """Computes the light that reaches the desk and the solid."""
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        self._gl.enable(moderngl.DEPTH_TEST)
        if solid is not None:
            self._fill(self._shade, solid, only_position=True)
        self._light_target.use()
        self._gl.disable(moderngl.DEPTH_TEST)
        bones = np.zeros((2 * _MAX_BONES, 4), np.float32)
        count = 0 if solid is None else len(solid.bones)
        if solid is not None:
            bones[: 2 * count] = solid.bones.reshape(-1, 4)
        _put(self._reach, "bones", bones)
        _put(self._reach, "bone_count", count)
        self._shadow.use(0)
        self._reach_array.render(moderngl.TRIANGLE_STRIP)

    def draw(self, solid: Solid | None, camera: Camera, camera_from_sheet: RigidTransform) -> np.ndarray:
        """(H, W, 3) uint8, RGB, the square root of the light; by the shadows of the last `cast`."""
        target = self._find_target(camera)
        target.use()
        target.clear(depth=1.0)
        self._gl.enable(moderngl.DEPTH_TEST)
        clip = _project(camera, camera_from_sheet)
        eye_m = tuple(-camera_from_sheet.rotation.T @ camera_from_sheet.translation_m)
        for program in (self._solid, self._plane):
            _put(program, "clip_from_sheet", clip)
            _put(program, "eye", eye_m)
        self._shadow.use(0)
        self._light.use(1)
        self._sheet.use(2)
        self._desk.use(3)
        self._plane_array.render(moderngl.TRIANGLE_STRIP)
        if solid is not None:
            self._fill(self._solid, solid)
        return np.frombuffer(target.read(components=3), np.uint8).reshape(camera.height, camera.width, 3)

    def read_depth_m(self, camera: Camera) -> np.ndarray:
        """(H, W) float32 depth along z of the last image of a camera of this size."""
        buffer = self._find_target(camera).read(components=1, attachment=-1, dtype="f4")
        depth = np.frombuffer(buffer, np.float32).reshape(camera.height, camera.width)
        return _NEAR_M * _FAR_M / (_FAR_M - depth * (_FAR_M - _NEAR_M))

    def release(self) -> None:
        """Gives the OpenGL context back."""
        self._gl.release()

    def _fill(self, program: moderngl.Program, solid: Solid, only_position: bool = False) -> None:
        if not len(solid.triangles):
            return
        vertices = self._gl.buffer(np.ascontiguousarray(solid.vertices, np.float32).tobytes())
        index = self._gl.buffer(np.ascontiguousarray(solid.triangles, np.int32).tobytes())
        layout: tuple[str, ...] = ("3f 48x", "in_position") if only_position else _VERTEX_FORMAT
        array = self._gl.vertex_array(program, [(vertices, *layout)], index)
        array.render()
        for used in (array, vertices, index):
            used.release()

    def _find_target(self, camera: Camera) -> moderngl.Framebuffer:
        size = (camera.width, camera.height)
        if size not in self._targets:
            self._targets[size] = self._gl.framebuffer(self._gl.texture(size, 4), self._gl.depth_texture(size))
        return self._targets[size]

    def _load(self, image: np.ndarray) -> moderngl.Texture:
        """A texture with mip levels from an image (H, W) or (H, W, 3), uint8; row 0 is at the texture's v = 0."""
        channels = 1 if image.ndim == 2 else 3
        pixels = np.ascontiguousarray(image).tobytes()
        texture = self._gl.texture((image.shape[1], image.shape[0]), channels, pixels, alignment=1)
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        return texture

    def _set_constants(self, look: Look) -> None:
        for program in (self._shade, self._reach, self._solid):
            _put(program, "clip_from_light", self._clip_from_light)
        for program in (self._solid, self._plane):
            for name in ("to_lamp", "lamp", "sky"):
                _put(program, name, tuple(getattr(look, name)))
        _put(self._solid, "bounce", tuple(look.bounce))
        _put(self._solid, "scatter", tuple(look.scatter))
        _put(self._reach, "grid_m", shaders.LIGHT_GRID_M)
        _put(self._reach, "lamp_width", look.lamp_width)
        for name, value in (
            ("sheet", 2),
            ("desk", 3),
            ("light", 1),
            ("sheet_m", look.sheet_m),
            ("desk_m", look.desk_m),
        ):
            _put(self._plane, name, value)
        _put(self._plane, "grid_m", shaders.LIGHT_GRID_M)
        _put(self._plane, "gloss", look.gloss)
        _put(self._plane, "paper", tuple(look.paper))
        _put(self._plane, "falloff_m", tuple(look.falloff_m))


def _put(program: moderngl.Program, name: str, value: Any) -> None:
    """Sets a uniform; matrices are transposed for OpenGL. The compiler leaves out what a shader does not use."""
    if name not in program:
        return
    if isinstance(value, np.ndarray):
        program[name].write(np.ascontiguousarray(value.T if value.shape == (4, 4) else value, np.float32).tobytes())
    else:
        program[name].value = value


def _project(camera: Camera, camera_from_sheet: RigidTransform) -> np.ndarray:
    """(4, 4) sheet to clip coordinates; row 0 of the image is OpenGL's first row."""
    matrix = np.zeros((4, 4))
    matrix[0, 0], matrix[0, 2] = 2 * camera.fx / camera.width, (2 * camera.cx + 1) / camera.width - 1
    matrix[1, 1], matrix[1, 2] = 2 * camera.fy / camera.height, (2 * camera.cy + 1) / camera.height - 1
    matrix[2, 2], matrix[2, 3] = (_FAR_M + _NEAR_M) / (_FAR_M - _NEAR_M), -2 * _FAR_M * _NEAR_M / (_FAR_M - _NEAR_M)
    matrix[3, 2] = 1
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = camera_from_sheet.rotation, camera_from_sheet.translation_m
    return matrix @ pose


def _look_along(to_lamp: np.ndarray) -> np.ndarray:
    """(4, 4) sheet to the lamp's clip coordinates: parallel light on a square about the sheet."""
    side = np.cross([0, 1.0, 0], to_lamp)
    side /= np.linalg.norm(side)
    matrix = np.eye(4)
    matrix[:3, :3] = np.stack([side, np.cross(to_lamp, side), -to_lamp]) * 2 / _SHADOW_SPAN_M
    matrix[1, 3] = 0.04 * 2 / _SHADOW_SPAN_M
    return matrix
