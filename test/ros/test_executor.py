"""An executor that could not be made."""

from __future__ import annotations

import sys

import pytest
import rclpy
from rclpy.context import Context

from gae_arm.ros.executor import Executor


def test_half_made_in_a_context_that_ended_it_goes_quietly(monkeypatch):
    unraisable = []
    monkeypatch.setattr(sys, 'unraisablehook', unraisable.append)
    context = Context()
    rclpy.init(context=context)
    context.shutdown()
    with pytest.raises(Exception, match='context'):
        Executor(context=context)
    assert not unraisable
