from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wallets import sealing


class Command(BaseCommand):
    help = "Seals the ledger: snapshots the house balances and adds a link to the hash chain."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            sealed = sealing.seal()
        except sealing.LedgerBusy as error:
            raise CommandError(f"the ledger is busy: {error}") from error
        if sealed is None:
            self.stdout.write("Nothing new to seal.")
            return
        self.stdout.write(
            f"Seal {sealed.seal_id}: {sealed.transfers} transfers, {sealed.entries} entries, "
            f"digest {sealed.digest}"
        )
