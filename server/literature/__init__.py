"""The literature: services that know papers, asked over HTTP, and the text of papers."""
