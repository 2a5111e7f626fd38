"""Which revision of the platform's tables is the newest, known without alembic."""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory

from dialplan.store.database import newest_revision


def test_the_newest_revision_is_the_head_that_alembic_finds() -> None:
    config = Config()
    config.set_main_option("script_location", "dialplan:store/migrations")
    config.set_main_option("path_separator", "os")

    assert [newest_revision()] == ScriptDirectory.from_config(config).get_heads()
