"""The command line: arguments, printing and exit codes; what is done stands in the layers below."""
