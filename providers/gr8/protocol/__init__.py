"""The wire of gr8: requests built, answers read, the wallet's callbacks parsed. No I/O.

Source: `documents/gr8.txt` and, for the wallet, what GR8 Tech publishes of it. Amounts are numbers
in major units; odds are decimal odds. No amount ever passes through a float.
"""
