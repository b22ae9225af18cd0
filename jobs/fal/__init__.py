"""How do workers talk to FAL? Chunks of sending and collecting on the ``fal`` queue, following in the watcher."""
