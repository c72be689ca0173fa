"""The lifecycle nodes: a transition that raises fails, is told once, and leaves the process alive."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.parameter_tables import AUTOSTART_PARAMETER, PARAMETER_TABLES
from fingertip_contact.ros.parameters import NodeParameters, NodeSettings


class LifecycleStage(Protocol):
    """What a node holds while it is configured.

    Made by configuring; raises ValueError or OSError where a file or a value is not usable. Whatever has to be given
    back, topics above all, is pushed on `held` (until clean-up) or `active` (until deactivation) as it is taken.
    """

    def __init__(self, node: Node, parameters: NodeSettings, held: ExitStack) -> None: ...

    def start(self, active: ExitStack) -> None:
        """Begins to listen, until `active` is closed."""


class ManagedNode(LifecycleNode):
    """A lifecycle node around a stage.

    rclpy swallows what a transition raises. Here ValueError and OSError (bad files, bad values: things a user can
    mend) become one line, anything else a traceback; the transition's result is FAILURE and what it took is given back.
    """

    def __init__(self, name: str, make_stage: Callable[[Node, NodeSettings, ExitStack], LifecycleStage]) -> None:
        super().__init__(name, namespace=PACKAGE)
        self._settings = NodeParameters(self, PARAMETER_TABLES[name])
        self._make_stage = make_stage
        self._stage: LifecycleStage | None = None
        self._held = ExitStack()
        self._active = ExitStack()

    def autostart(self) -> None:
        """Configures and activates where the parameter `autostart` says so; a failure is told and waits for a user."""
        if not self.get_parameter(AUTOSTART_PARAMETER.name).value:
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("configure", self._configure, undo=self._clean_up)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("activate", self._activate, undo=self._active.close)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("deactivate", self._active.close)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("clean up", self._clean_up)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("shut down", self._clean_up)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._attempt("recover", self._clean_up)

    def _configure(self) -> None:
        self._stage = self._make_stage(self, self._settings.snapshot(), self._held)
        self._settings.frozen = True

    def _activate(self) -> None:
        assert self._stage is not None
        self._stage.start(self._active)

    def _clean_up(self) -> None:
        self._settings.frozen = False
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
        # Whatever it is: rclpy would turn it into a failed transition without a word.
        except Exception:
            self.get_logger().error(f"cannot {transition}:\n{traceback.format_exc()}")
        if undo is not None:
            self._attempt(f"undo what '{transition}' did", undo)
        return TransitionCallbackReturn.FAILURE
