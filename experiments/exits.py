"""How a command ends that could not do what it was asked."""

import sys


def refused(error: BaseException) -> int:
    """Say in one line, on standard error, what a person can mend. Returns the exit code."""
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return 2
