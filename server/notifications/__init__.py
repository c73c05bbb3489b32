"""Messages to a person about what happens in the lab, sent by the dispatcher's process in the background."""
