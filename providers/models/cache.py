"""Answers that many readers share for a moment."""

from django.db import models


class CacheEntry(models.Model):
    """A provider's answer, as it came. The table is unlogged: a crash may empty it."""

    key = models.CharField(primary_key=True, max_length=200)
    body = models.BinaryField()
    fetched_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
