"""`manage.py demo`: everything together on one machine, until Ctrl-C."""
