"""SQLite's database files, read without its library: a file that an experiment wrote may be made to attack it."""
