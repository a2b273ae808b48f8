"""What the tests of this folder do to a world again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from world import Ran, World

SIZE = 8


def told(ran: Ran, *codes: int) -> None:
    """Hold a run to: one of these codes, a sentence with a remedy, no traceback."""
    assert ran.code in codes, (ran.code, ran.err, ran.out[-500:])
    assert "Traceback" not in ran.err
    assert "-> " in ran.err


def converges(world: World, clean: Any) -> None:
    """The next good run ends where an undisturbed one would have, and then nothing is left."""
    world.synced()
    assert world.one_task_per_key()
    assert world.dump() == clean
    assert world.synced().writes == []


def at_the_write(world: World, monkeypatch: Any, act: Callable[[], None]) -> None:
    """Let something happen between the last look and the first write."""
    real = world.connector.write
    acted: list[bool] = []

    def write(self: Any, writes: Any) -> Any:
        if writes and not acted:
            acted.append(True)
            act()
        return real(self, writes)

    monkeypatch.setattr(world.connector, "write", write)


class Gate:
    """The sandbox's gate, with what happens told in order and answers changed on their way.

    ``events``: (method, path, status) of a call, and seconds as numbers where the client waits.
    """

    def __init__(self, world: World) -> None:
        self.events: list[Any] = []
        self.world, self._gate = world, world.server._gate
        self._answer, self._work = self._gate.answer, self._gate.work
        self._gate.answer = self.answer
        world.slept = self  # type: ignore[assignment]

    def append(self, seconds: float) -> None:
        self.events.append(float(seconds))

    def clear(self) -> None:
        self.events.clear()

    def answer(self, exchange: Any) -> Any:
        reply = self._answer(exchange)
        self.events.append((exchange.method, exchange.path, reply.status))
        return reply

    def change(self, how: Callable[[Any, Any], Any]) -> None:
        """Let every body be changed: ``how(exchange, body)`` gives the one that is sent."""

        def work(exchange: Any, striking: Any) -> Any:
            response = self._work(exchange, striking)
            response.body = how(exchange, response.body)
            return response

        self._gate.work = work
