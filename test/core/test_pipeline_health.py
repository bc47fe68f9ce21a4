"""What the nodes say on /diagnostics, as stages from the camera to the command."""

from gae_arm.core.pipeline_health import HealthHistory, Latency, latencies, rates

SECOND = 1_000_000_000
HEALTH = {
    'point_cloud: cloud': {'rate': '14.9', 'latency_p50_ms': '8.5', 'latency_p99_ms': '20'},
    'action_expert: policy': {'rate': 'fast', 'latency_p50_ms': '12'},
    'arm_control: control': {'camera_to_command_p50_ms': '25', 'camera_to_command_p99_ms': '60'},
}


def test_stages_in_the_order_of_the_way():
    assert latencies(HEALTH) == [
        Latency('camera to cloud', 8.5, 20.0),
        Latency('camera to command', 25.0, 60.0),
    ]
    assert rates(HEALTH) == {'clouds': 14.9}
    assert latencies({}) == []


def test_history_has_a_value_a_second_and_forgets():
    history = HealthHistory()
    for tick in range(1, 1000):
        history.note(tick * SECOND // 2, HEALTH)
    assert list(history.end_to_end) == [25.0] * 120
    assert len(history.rates['clouds']) == 120
    history.note(0, HEALTH)  # The clock was set back.
    assert len(history.rates['clouds']) == 120
