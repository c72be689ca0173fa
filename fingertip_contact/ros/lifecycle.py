"""Lifecycle nodes: a transition that raises fails and is logged once; the process stays alive."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Protocol, TypeVar

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.parameter_tables import LifecycleSettings
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.runtime_tuning import settle_memory

Settings = TypeVar("Settings", bound=LifecycleSettings)


class LifecycleStage(Protocol):
    """The resources of a configured node.

    Its constructor gets node, settings and `held`, and raises ValueError or OSError if a file or a value cannot be
    used. Resources such as topics are registered with `held` (until clean-up) or `active` (until deactivation) as they
    are acquired.
    """

    def start(self, active: ExitStack) -> None:
        """Subscribe until `active` is closed."""


class ManagedNode(LifecycleNode):
    """A lifecycle node around a stage.

    rclpy discards the exceptions of a transition. Here ValueError and OSError (bad files or values, which a user can
    correct) become one line, any other exception a traceback; the transition's result is FAILURE and its resources are
    released.
    """

    def __init__(
        self,
        name: str,
        settings_class: type[Settings],
        make_stage: Callable[[Node, Settings, ExitStack], LifecycleStage],
    ) -> None:
        super().__init__(name, namespace=PACKAGE)
        self._node_parameters: NodeParameters[Any] = NodeParameters(self, settings_class)
        self._make_stage = make_stage
        self._stage: LifecycleStage | None = None
        self._held = ExitStack()
        self._active = ExitStack()
        self._is_shut_down = False

    def autostart(self, is_stopping: Callable[[], bool] = lambda: False) -> None:
        """Configure and activate if the parameter `autostart` is true; after a failure, which is logged, the node waits
        unconfigured or inactive. is_stopping: whether the process is to end; nothing more is begun then."""
        if is_stopping() or not self._node_parameters.snapshot().autostart:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS and not is_stopping():
            self.trigger_activate()

    def shut_down(self) -> None:
        """Release every resource, unless the node's service has shut it down already."""
        if not self._is_shut_down:
            self.trigger_shutdown()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("configure", self._configure, undo=self._clean_up)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("activate", self._activate, undo=self._active.close)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("deactivate", self._active.close)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("clean up", self._clean_up)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        # From here on the state is final, and rclpy raises for another transition.
        self._is_shut_down = True
        return self._attempt("shut down", self._clean_up)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("recover", self._clean_up)

    def _configure(self) -> None:
        self._stage = self._make_stage(self, self._node_parameters.snapshot(), self._held)
        self._node_parameters.frozen = True
        settle_memory()

    def _activate(self) -> None:
        assert self._stage is not None
        self._stage.start(self._active)

    def _clean_up(self) -> None:
        self._node_parameters.frozen = False
        self._stage = None
        self._active.close()
        self._held.close()

    def _attempt(
        self, transition: str, action: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        try:
            action()
            return TransitionCallbackReturn.SUCCESS
        except (ValueError, OSError) as error:
            self.get_logger().error(f"cannot {transition}: {error}")
        # Every exception: rclpy would fail the transition silently.
        except Exception:
            self.get_logger().error(f"cannot {transition}:\n{traceback.format_exc()}")
        if undo is not None:
            self._attempt(f"undo '{transition}'", undo)
        return TransitionCallbackReturn.FAILURE
