"""Where may this server send what strangers ask it to send? To public addresses, and to nothing else."""
