"""The environment of the test run, set before Django reads its settings.

Loaded with `-p tests.environment`. It starts one embedded PostgreSQL for the run and never
looks at a demo's data.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

DATA_DIR = Path(os.environ.get("TEST_DATA_DIR", ROOT / "var" / "test"))
os.environ["DATA_DIR"] = str(DATA_DIR)
os.environ.pop("DATABASE_URL", None)
os.environ.update(
    {
        "SECRET_KEY": "test-only-" + "k" * 50,
        "HASH_KEY": "test-only-" + "h" * 32,
        "ENCRYPTION_KEYS": "dGVzdC1vbmx5LWZlcm5ldC1rZXktdGhpcnR5LXR3by0=",
        "ALLOWED_HOSTS": "testserver,localhost,127.0.0.1",
        "HTTPS": "0",
        "DEBUG": "0",
        "DEMO": "0",
        "ROLE": "command",
        "PUBLIC_URL": "http://testserver",
        "CALLBACK_URL": "http://testserver",
        "ALLOW_PRIVATE_PROVIDERS": "1",
        "PLACEMENT_DEADLINE_S": "20",
        "FIND_N_PLUS_ONE": "1",
        "SANDBOX_URL": "",
    }
)

from config import embedded  # noqa: E402

embedded.start(DATA_DIR)
