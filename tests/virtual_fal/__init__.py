"""What does FAL answer? A real server on loopback with its wire protocol, for tests and for trying the portal."""
