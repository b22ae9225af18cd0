"""How does one command run the whole product? A small supervisor: no Django, nothing but the standard library.

``__main__`` reads the arguments, ``stack`` is the table of processes, ``run`` starts and stops them in order,
``child`` keeps one of them running, ``processes`` knows the operating system, ``valkey`` the embedded store.

Three variables are set for the children: ``SUPERVISOR_PIPE_FD`` is the number of an open descriptor that reaches its
end when the supervisor is gone, however it died; whoever holds it and outlives its parent must then exit.
``SUPERVISED_DATA_DIR`` marks every descendant, so that the next start finds what ``kill -9`` left behind.
``REDIS_URL`` and ``SECRET_KEY`` are those of this installation; ``DATA_DIR/redis_url`` tells the first one to commands
that are typed into another terminal.
"""
