"""The arguments of tools: their JSON schema, how they are read, and how a wrong one is refused."""
