"""A model's processor: what makes its input of images and texts.

Those of models that can also be shown videos cannot be made without torchvision, though no video is
ever shown here. Where it is missing they are put together without that part.
"""

from __future__ import annotations

from typing import Any

import transformers
from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, AutoTokenizer
from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

VIDEO = 'video_processor'


class NoVideos:
    """Stands where a processor of videos would be; it is only asked how it would sample them."""

    num_frames, fps, video_sampling = 1, 1, None
    model_input_names: tuple[str, ...] = ()


def load_processor(source: str, trust_remote_code: bool = False) -> Any:
    """Return the processor of a folder or hub name."""
    options = {'trust_remote_code': trust_remote_code}
    if not transformers.utils.is_torchvision_available():
        config = AutoConfig.from_pretrained(source, **options)
        kind: Any = PROCESSOR_MAPPING.get(type(config), None)
        if kind is not None and VIDEO in kind.get_attributes():
            return without_videos(
                kind,
                image_processor=AutoImageProcessor.from_pretrained(source, **options),
                tokenizer=AutoTokenizer.from_pretrained(source, **options),
                **_rest(source, kind),
            )
    return AutoProcessor.from_pretrained(source, **options)


def without_videos(kind: type, **parts: Any) -> Any:
    """Return a processor of a class that would have one for videos, too."""

    class ImagesOnly(kind):  # type: ignore[misc]
        def check_argument_for_proper_class(self, argument_name: str, argument: Any) -> Any:
            if isinstance(argument, NoVideos):
                return object
            return super().check_argument_for_proper_class(argument_name, argument)

    ImagesOnly.__name__ = kind.__name__
    return ImagesOnly(**parts, **{VIDEO: NoVideos()})


def _rest(source: str, kind: Any) -> dict[str, Any]:
    """Return what else a processor's own file says: its chat template, lengths and the like."""
    said, _ = kind.get_processor_dict(source)
    parts = {*kind.get_attributes(), 'processor_class', 'auto_map'}
    return {key: value for key, value in said.items() if key not in parts}
