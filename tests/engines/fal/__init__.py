"""Does the FAL client hold against a FAL that misbehaves? All against the virtual FAL, a real server."""
