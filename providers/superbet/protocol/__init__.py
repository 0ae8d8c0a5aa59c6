"""The wire of superbet: requests built and signed, answers and PAM messages read. No I/O.

Source: `documents/superbet.txt` and the page beside it. Amounts are cents on the wire, in whatever
currency, and `Decimal` major units everywhere else.
"""
