"""Errors whose message is meant for the user, not for a traceback."""


class InputError(ValueError):
    """Something the user gave cannot work.

    The message names the key or argument, the rule, the value received and the
    fix; the command line prints it alone and exits with status 2.
    """


class Unfit(InputError):
    """Parts, each of them right, that do not fit the data or each other.

    A sweep over parts (`likelihood=glob(*)`) skips such a job and goes on.
    """


class RunError(RuntimeError):
    """A run whose input was right did not come to its end.

    The command line prints the message alone and exits with status 1.
    """


class NotSaved(RunError):
    """What a run came to could not be written, or what it reads could not be read.

    Nothing is wrong with the run itself: the same line goes on with it.
    """
