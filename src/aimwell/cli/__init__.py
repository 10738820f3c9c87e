"""The command line: parse, call one service, show. Data to stdout; words and progress to stderr."""
