"""`make bench`: measures side by side in one run and prints the table with ratios."""

import os

import django
from django.core.management import call_command

from benchmarks import environment

DATABASE = "slipdesk_bench"


def main() -> None:
    environment.prepare()
    environment.create(DATABASE)
    os.environ["DATABASE_URL"] = environment.url(DATABASE)
    django.setup()
    call_command("migrate", verbosity=0)
    from benchmarks import clients, inbox, postings, report  # noqa: PLC0415

    tables = inbox.run(DATABASE)
    tables = [postings.run(DATABASE), *tables, *clients.run()]
    print(f"\n{report.machine(environment.url(DATABASE))}")
    for table in tables:
        print(f"\n{table.markdown()}")


if __name__ == "__main__":
    main()
