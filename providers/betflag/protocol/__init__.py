"""The wire of betflag: requests built and responses read. No I/O.

Source: `documents/betflag.txt` and the page beside it. The names on the wire are Italian; each is
mapped once, in this package. Amounts are integer cents on the wire and odds are integers x100.
"""
