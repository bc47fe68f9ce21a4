"""How precise products are while training: what the hardware has, or what a run was begun with."""

from __future__ import annotations

from gae_arm.core import precision


def test_precision_is_what_the_hardware_has(tmp_path):
    file = tmp_path / 'cpuinfo'
    for flags, has in (('flags : avx2 amx_bf16', True), ('flags : avx2 avx512f', False)):
        file.write_text(flags)
        if not precision.torch.cuda.is_available():
            assert precision.has_bfloat16(file) is has


def test_a_run_goes_on_as_precise_as_it_was_begun_unless_asked():
    assert precision.chosen('no', 'bf16') == 'no'
    assert precision.chosen('auto', 'no') == 'no'
