"""Commands that set a laboratory up and check that it will work: init and doctor."""
