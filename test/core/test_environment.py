"""Variables that are set for a block only."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gae_arm.core.environment import environment

SET, UNSET = 'GAE_TEST_SET', 'GAE_TEST_UNSET'


def test_variables_are_set_in_the_block_for_children_too_and_then_as_before(monkeypatch):
    monkeypatch.setenv(SET, 'before')
    with environment({SET: 'within', UNSET: 'here'}):
        seen = f'import os; print(os.environ["{SET}"], os.environ["{UNSET}"])'
        assert subprocess.check_output([sys.executable, '-c', seen], text=True) == 'within here\n'
    assert os.environ[SET] == 'before'
    assert UNSET not in os.environ


def test_an_error_within_does_not_leave_them_and_one_that_was_deleted_is_no_error():
    def fail() -> None:
        with environment({UNSET: '1', SET: '2'}):
            del os.environ[UNSET]
            raise ValueError('mine')

    with pytest.raises(ValueError, match='mine'):
        fail()
    assert not {UNSET, SET} & set(os.environ)
