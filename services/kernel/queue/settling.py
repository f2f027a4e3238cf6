"""A repair of kombu: an acknowledgement that does not reach its broker is settled here all the same.

kombu counts a message as work in hand until Redis has taken its acknowledgement. Where Redis is away at that moment the message
counts for ever, nothing more is fetched, and the worker is deaf (celery#8030). What Redis still knows of the message it gives
out again, which does no harm: messages are wake-ups.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis, virtual


class SettlingQoS(redis.QoS):  # type: ignore[misc]
    """kombu's account of the messages in hand."""

    def ack(self, delivery_tag: Any) -> None:
        try:
            super().ack(delivery_tag)
        except BaseException:
            virtual.QoS.ack(self, delivery_tag)
            raise


def settle_acknowledgements() -> None:
    """For every connection to Redis that this process opens from now on."""
    redis.Channel.QoS = SettlingQoS
