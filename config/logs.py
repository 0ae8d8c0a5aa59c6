"""How a line of the log looks, and what may not stand in it."""

import logging
import re

# Whoever knows the token of a callback address may send results, and Django's own lines about
# refused requests name the whole address.
_TOKEN = re.compile(r"(/webhooks/[^/\s]+/)[^/\s?'\"]+")


class LineFormatter(logging.Formatter):
    """Stars out the tokens of callback addresses, in the message and in a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without tokens."""
        return _TOKEN.sub(r"\1***", super().format(record))
