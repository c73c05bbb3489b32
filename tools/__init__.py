"""The MCP server of the lab: one function for each tool, one module for each subject."""
