"""What can be done with webhooks? ``outbox`` writes what is to be told, ``delivering`` says what comes of it.

Nothing is imported here: the derivation of a job's state writes to the outbox, and the other modules use it.
"""
