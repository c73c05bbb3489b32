"""The arguments of the commands, by subject. What a command does is in `commands`."""
