"""Latency and rates as HTML."""

from gae_arm.core.pipeline_health import HealthHistory
from gae_arm.viewer.web.health_card import health_card, plot

HEALTH = {
    'point_cloud: cloud': {'rate': '14.9'},
    'arm_control: control': {'camera_to_command_p50_ms': '25', 'camera_to_command_p99_ms': '60'},
}


def test_the_card_says_what_is_known():
    history = HealthHistory()
    assert 'nothing measured yet' in health_card({}, history)
    text = health_card(HEALTH, history)
    assert '<td>camera to command</td><td style="text-align:right">25.0</td>' in text
    assert 'clouds 14.9 Hz' in text
    assert '<svg' not in text
    for second in range(1, 4):
        history.note(second * 1_000_000_000, HEALTH)
    assert health_card(HEALTH, history).count('<svg') == 2


def test_plots_go_from_zero_to_the_largest_value():
    text = plot({'a<b': ([0.0, 5.0, 10.0], (1, 2, 3))}, 'ms')
    assert 'points="0.0,40.0 120.0,20.0 240.0,0.0"' in text
    assert 'a&lt;b</span>: 0 to 10.0 ms' in text
