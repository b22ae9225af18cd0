"""What does each address of the API do? One module for each resource."""
