"""The arguments of `python -m soak`."""

import pytest

from soak.__main__ import arguments, plans


def test_the_numbers_of_shards_share_the_operations():
    found = plans(arguments(["--operations", "1000", "--shards", "1", "4", "--seed", "7", "--seconds", "60"]))
    assert [(plan.operations, plan.shards, plan.seed, plan.seconds) for plan in found] == [
        (500, 1, 7, 60),
        (500, 4, 7, 60),
    ]


def test_each_client_of_dynamodb_can_be_chosen():
    [lean] = plans(arguments(["--shards", "1"]))
    [stock] = plans(arguments(["--shards", "1", "--client", "botocore"]))
    assert (lean.client, stock.client) == ("lean", "botocore")


def test_a_short_run_has_kills_too():
    [plan] = plans(arguments(["--operations", "60", "--shards", "1"]))
    assert plan.kill_every == 10


@pytest.mark.parametrize("option", ["--operations", "--seconds", "--seed", "--shards", "--requests"])
@pytest.mark.parametrize("value", ["-1", "two", "1.5", ""])
def test_an_argument_that_is_not_a_whole_number_is_refused(option, value, capsys):
    with pytest.raises(SystemExit) as error:
        arguments([f"{option}={value}"])
    assert error.value.code == 2
    assert "is not a whole number" in capsys.readouterr().err
