"""Errors whose message is meant for the user, not for a traceback."""


class InputError(ValueError):
    """Something the user gave cannot work.

    The message names the key or argument, the rule, the value received and the
    fix; the command line prints it alone and exits with a non-zero status.
    """
