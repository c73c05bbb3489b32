"""How MCP clients are told of labhand: their configuration files, and the entry that each of them reads."""
