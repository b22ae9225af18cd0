"""How is work on strangers' files done so that it can harm nobody? In limited child processes without our secrets.

``pictures`` and ``models`` are the doors; ``pool`` keeps the children, ``program`` is what runs in one.
"""
