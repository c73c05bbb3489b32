"""The MCP face of the lab: one thin function a tool."""
