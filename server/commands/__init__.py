"""What the command line does, one noun a module; `server.main` names the commands."""
