"""What does the product tell by itself when something is wrong? For those without Prometheus, and beside it.

``troubles`` looks at what is wrong now, ``outages`` remembers it from beginning to end, ``notices`` says which messages
are owed, ``channels`` sends them, ``watch`` does all of it again and again beside the watcher.
"""
