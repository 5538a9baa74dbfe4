"""The command line: one small file per command, which parses, calls a task and prints."""
