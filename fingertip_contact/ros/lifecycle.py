"""Lifecycle nodes: a transition that raises fails and is logged once; the process stays alive."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Protocol, TypeVar

from lifecycle_msgs.msg import State
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.node import Node
from rclpy.publisher import Publisher

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros.parameter_tables import LifecycleSettings
from fingertip_contact.ros.parameters import NodeParameters
from fingertip_contact.runtime_tuning import settle_memory
from fingertip_contact.safe_text import to_one_line

Settings = TypeVar("Settings", bound=LifecycleSettings)
_SUCCESS = TransitionCallbackReturn.SUCCESS


class LifecycleStage(Protocol):
    """The resources of a configured node.

    Its constructor gets node, settings and `held`, and raises ValueError or OSError if a file or a value cannot be
    used. Resources such as topics are registered with `held` (until clean-up) or `active` (until deactivation) as they
    are acquired. Where a parameter changes, the next stage is made while the former one still works, so what only one
    can have, as a camera, is acquired by `start`.
    """

    def start(self, active: ExitStack) -> None:
        """Subscribe until `active` is closed."""

    def take_over(self, former: Any) -> None:
        """Keep what a change of parameters does not concern. former: the stage before this one; it has stopped."""
        return


class ManagedNode(LifecycleNode):
    """A lifecycle node around a stage.

    rclpy discards the exceptions of a transition. Here ValueError and OSError (bad files or values, which a user can
    correct) become one line, any other exception a traceback; the transition's result is FAILURE and its resources are
    released.

    A parameter that changes while the node is configured replaces the stage by one with the new settings. If that
    cannot be made or started the change is refused, and the former stage goes on; if that cannot be started again
    either, the node is inactive.
    """

    def __init__(
        self,
        name: str,
        settings_class: type[Settings],
        make_stage: Callable[[Node, Settings, ExitStack], LifecycleStage],
    ) -> None:
        # Before rclpy makes publishers of its own.
        self._publisher_uses: list[tuple[type, str, Publisher]] = []
        super().__init__(name, namespace=PACKAGE)
        self._node_parameters: NodeParameters[Any] = NodeParameters(self, settings_class, self._apply)
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
        if self.trigger_configure() == _SUCCESS and not is_stopping():
            self.trigger_activate()

    def shut_down(self) -> None:
        """Release every resource, unless the node's service has shut it down already."""
        if not self._is_shut_down:
            self.trigger_shutdown()

    def destroy_node(self) -> None:
        """At once: rclpy leaves the state machine, and with it the node in ROS's graph, to the garbage collector
        (findings/rclpy_lifecycle_node_stays.sh)."""
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()

    def create_publisher(self, msg_type: type, topic: str, *arguments: Any, **options: Any) -> Publisher:
        """The publisher that there is of this topic, or a new one: while a stage replaces another, both have it, so
        that no subscriber loses a message, and what was latched stays."""
        known = [use[2] for use in self._publisher_uses if use[:2] == (msg_type, topic)]
        publisher = known[0] if known else super().create_publisher(msg_type, topic, *arguments, **options)
        self._publisher_uses.append((msg_type, topic, publisher))
        return publisher

    def destroy_publisher(self, publisher: Publisher) -> bool:
        """Once for each time that it was created."""
        uses = [use for use in self._publisher_uses if use[2] is publisher]
        if uses:
            self._publisher_uses.remove(uses[0])
        return len(uses) > 1 or bool(super().destroy_publisher(publisher))

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
        settle_memory()

    def _activate(self) -> None:
        assert self._stage is not None
        self._stage.start(self._active)

    def _clean_up(self) -> None:
        self._stage = None
        self._active.close()
        self._held.close()

    def _apply(self, settings: Any) -> str:
        """Why a configured node cannot have these settings; empty if it has them now."""
        if self._stage is None:
            return ""
        try:
            self._replace(self._stage, settings)
        except (ValueError, OSError) as error:
            return to_one_line(str(error))
        # Every exception: the service's caller would learn of none, and rclpy would not answer.
        except Exception as error:
            self.get_logger().error(f"cannot change parameters:\n{traceback.format_exc()}")
            return to_one_line(repr(error))
        settle_memory()  # Without the former stage.
        return ""

    def _replace(self, former: LifecycleStage, settings: Any) -> None:
        """Raises what the next stage raises; the former one is in use then."""
        with ExitStack() as held:
            stage = self._make_stage(self, settings, held)
            if self._state_machine.current_state[0] == State.PRIMARY_STATE_ACTIVE:
                self._switch(former, stage)
            else:
                stage.take_over(former)
            former_held, self._held = self._held, held.pop_all()
        self._stage = stage
        self._attempt("release the former settings", former_held.close)

    def _switch(self, former: LifecycleStage, stage: LifecycleStage) -> None:
        self._attempt("stop", self._active.close)
        with ExitStack() as undo:
            undo.callback(self._start_again, former)
            undo.callback(self._attempt, "undo 'start'", self._active.close)
            stage.take_over(former)
            stage.start(self._active)
            undo.pop_all()

    def _start_again(self, former: LifecycleStage) -> None:
        def start() -> None:
            former.start(self._active)

        if self._attempt("go on with the former settings", start, undo=self._active.close) != _SUCCESS:
            self.get_logger().error("the node is inactive: correct the cause, and activate it")
            self.trigger_deactivate()

    def _attempt(
        self, transition: str, action: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        try:
            action()
            return _SUCCESS
        except (ValueError, OSError) as error:
            self.get_logger().error(f"cannot {transition}: {error}")
        # Every exception: rclpy would fail the transition silently.
        except Exception:
            self.get_logger().error(f"cannot {transition}:\n{traceback.format_exc()}")
        if undo is not None:
            self._attempt(f"undo '{transition}'", undo)
        return TransitionCallbackReturn.FAILURE
