"""A third generator of recordings, different in every part from the package's simulation and from `other_generator`.

Hands: a skeleton of measured bone lengths in smoothly joined round cones, meshed by marching cubes and skinned. Motion:
minimum-jerk steps of joint angles, stopped by the desk. Pictures: OpenGL with soft contact shadows. Depth: semi-global
matching of both imagers. Only the file formats, the printed sheet and what realsense2_camera does to depth are the
package's: these are facts, not models.
"""
