"""The trained planner as a folder that `transformers` loads: model, tokenizer, image processor."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from transformers import CLIPImageProcessorPil, Florence2Processor

from vla_planner.training.batch import MEAN, STD
from vla_planner.training.model import PlannerShape
from vla_planner.training.vocabulary import Vocabulary

BILINEAR = 2


def export(model: Any, shape: PlannerShape, vocabulary: Vocabulary, folder: Path) -> None:
    """Write a folder for AutoModelForImageTextToText and AutoProcessor.

    Weights are stored in 16 bits, half of what they are trained in; load them with float32. The
    processor scales any image to the model's size; it does not crop.
    """
    copy.deepcopy(model).half().save_pretrained(folder, safe_serialization=True)
    processor(shape, vocabulary).save_pretrained(folder)


def processor(shape: PlannerShape, vocabulary: Vocabulary) -> Florence2Processor:
    """Return what makes the model's input of an image and a sentence."""
    images: Any = CLIPImageProcessorPil(
        do_resize=True,
        size={'height': shape.height, 'width': shape.width},
        resample=BILINEAR,
        do_center_crop=False,
        do_convert_rgb=True,
        image_mean=list(MEAN),
        image_std=list(STD),
    )
    images.image_seq_length = shape.image_tokens
    return Florence2Processor(images, vocabulary.tokenizer())
