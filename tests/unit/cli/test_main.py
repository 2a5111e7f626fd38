import importlib

import click
import pytest

from dialplan.cli.main import COMMANDS, user_error
from dialplan.errors import ConfigError


@pytest.mark.parametrize("name", COMMANDS)
def test_every_listed_command_is_there(name: str) -> None:
    module = importlib.import_module(f"dialplan.cli.{name}")

    assert isinstance(getattr(module, name), click.Command)


def test_a_users_problem_is_found_inside_task_groups() -> None:
    problem = ConfigError("set `X`")
    group = ExceptionGroup("outer", [ExceptionGroup("inner", [problem])])

    assert user_error(group) is problem


def test_a_bug_beside_a_users_problem_is_not_hidden() -> None:
    group = ExceptionGroup("outer", [ConfigError("set `X`"), ValueError("bug")])

    assert user_error(group) is None
    assert user_error(ValueError("bug")) is None
