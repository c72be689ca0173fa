"""A second generator of recordings, independent of the package's simulation.

A detector that was tuned on one simulation may have overfitted to it. This generator has other hands (MakeHuman), other
inverse kinematics, other tap curves, another sheet, and other light, skin, desk, noise and stereo matching. Only the
file formats are the package's, and what realsense2_camera does to depth: these are facts, not models.
"""
