"""Rules of `bench transport`."""

import pytest

pytest.importorskip("rclpy")

from fingertip_research.benchmarks.transport import PROFILE_VARIABLES, make_environment


@pytest.mark.parametrize("with_profile", [True, False])
def test_only_one_case_has_the_settings(with_profile, tmp_path):
    """With the settings the package's file or a given one; without, none, whatever this process itself was given."""
    outer = {"PATH": "/bin", PROFILE_VARIABLES[0]: "/elsewhere.xml"}
    environment = make_environment(with_profile, None, outer)
    assert any(name in environment for name in PROFILE_VARIABLES) == with_profile
    assert "/elsewhere.xml" not in environment.values()
    given = make_environment(with_profile, tmp_path / "mine.xml", outer)
    assert (str(tmp_path / "mine.xml") in given.values()) == with_profile
