"""What can be done with generations that FAL makes? Every change of their rows; no call to FAL is made here."""
