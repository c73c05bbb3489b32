"""The dashboard: a web page on which a person watches the research and steps in."""
