"""Requests and answers of the tools, as pydantic models: one module for each subject."""
