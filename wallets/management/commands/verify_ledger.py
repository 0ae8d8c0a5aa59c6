from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wallets import queries, verification


class Command(BaseCommand):
    help = "Proves that the books balance; names every break and fails if there is one."

    def handle(self, *args: Any, **options: Any) -> None:
        breaks = verification.verify()
        for found in breaks:
            self.stderr.write(f"{found.rule}: {found.detail}")
        if breaks:
            raise CommandError(f"the ledger has {len(breaks)} breaks", returncode=1)
        self.stdout.write(f"The books balance ({len(queries.trial_balance())} lines of accounts).")
