import pytest

from config import embedded


def test_an_address_that_it_gives_is_its_own(tmp_path):
    assert embedded.is_embedded(embedded.database_url(tmp_path))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://slipdesk:secret@db.example:5432/slipdesk",
        "postgresql://postgres@db.example/slipdesk",
        "postgresql://postgres@/slipdesk",
        "postgresql://postgres@/other?host=/var/run/postgresql",
        "postgresql://postgres:secret@/slipdesk?host=/var/run/postgresql",
    ],
)
def test_any_other_address_is_not(url: str):
    assert not embedded.is_embedded(url)


def test_a_pid_that_belongs_to_another_program_by_now_does_not_stop_the_start(tmp_path):
    """The file is left by a power cut; the number is that of the first process."""
    pgdata = tmp_path / "postgres"
    pgdata.mkdir()
    (pgdata / "postmaster.pid").write_text("1\n")

    embedded._forget_dead_server(pgdata)

    assert not (pgdata / "postmaster.pid").exists()
