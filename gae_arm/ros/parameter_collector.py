"""Asks nodes for all their parameters, once each, without ever waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.client import Client
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python

Take = Callable[[str, dict[str, Any]], None]


class ParameterCollector:
    """Hands over the parameters of nodes by name as they come; `look` now and then.

    wanted: names of nodes without namespaces. take: called with the full name and the values.
    """

    def __init__(self, node: Node, wanted: Iterable[str], take: Take) -> None:
        self._node, self._wanted, self._take = node, frozenset(wanted), take
        self._lists: dict[str, Client] = {}
        self._asked: set[str] = set()

    def look(self) -> None:
        """Ask the wanted nodes that have come since."""
        for name, namespace in self._node.get_node_names_and_namespaces():
            full = f'{namespace.rstrip("/")}/{name}'
            if name not in self._wanted or full in self._asked:
                continue
            if full not in self._lists:
                service = f'{full}/list_parameters'
                self._lists[full] = self._node.create_client(ListParameters, service)
            if self._lists[full].service_is_ready():
                self._asked.add(full)
                self._ask_names(full)

    def _ask_names(self, full: str) -> None:
        future = self._lists[full].call_async(ListParameters.Request())
        future.add_done_callback(lambda done: self._ask_values(full, list(_names(done.result()))))

    def _ask_values(self, full: str, names: list[str]) -> None:
        client = self._node.create_client(GetParameters, f'{full}/get_parameters')
        future = client.call_async(GetParameters.Request(names=names))

        def answered(done: Any) -> None:
            values = [parameter_value_to_python(value) for value in done.result().values]
            plain = [list(v) if isinstance(v, (list, tuple)) else v for v in map(_plain, values)]
            self._take(full, dict(zip(names, plain, strict=False)))
            self._node.destroy_client(client)

        future.add_done_callback(answered)


def _names(answer: ListParameters.Response | None) -> Iterable[str]:
    """Return the names, without those that every node has for its QoS."""
    names = [] if answer is None else answer.result.names
    return (name for name in names if not name.startswith('qos_overrides.'))


def _plain(value: Any) -> Any:
    """Return lists where rclpy has arrays."""
    return value.tolist() if hasattr(value, 'tolist') else value
