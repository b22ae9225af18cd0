"""How do browsers and scripts hear of changes? One stream of frames, two transports: SSE and websocket."""

from jobs.live.sse import EventStreams
from jobs.live.waiting import Waiting
from jobs.live.websocket import JobConsumer, JobsConsumer, NowhereConsumer

__all__ = ["EventStreams", "JobConsumer", "JobsConsumer", "NowhereConsumer", "Waiting"]
