"""Following the research: the briefing, waiting, and what needs attention."""
