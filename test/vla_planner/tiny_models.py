"""Tiny random checkpoints of three families, as folders that look like those on the hub."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers as hf
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from vla_planner.backends.processor import without_videos

TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{% if c['type'] == 'image' %}IMAGE"
    "{% else %}{{ c['text'] }}{% endif %}{% endfor %}{% endif %}\n{% endfor %}"
    '{% if add_generation_prompt %}<|assistant|>{% endif %}'
)
QWEN_IMAGE = '<|vision_start|><|image_pad|><|vision_end|>'
TEXT = {
    'hidden_size': 32,
    'intermediate_size': 48,
    'num_hidden_layers': 2,
    'num_attention_heads': 4,
    'num_key_value_heads': 2,
    'max_position_embeddings': 4096,
    'tie_word_embeddings': True,
}


def byte_tokenizer(*special: str) -> hf.PreTrainedTokenizerFast:
    """A tokenizer of single bytes, with special tokens."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    index = {token: i for i, token in enumerate(('<pad>', '<eos>', *special, *letters))}
    core = Tokenizer(models.BPE(index, []))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    out = hf.PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token='<pad>', eos_token='<eos>', bos_token='<eos>'
    )
    out.add_special_tokens({'additional_special_tokens': list(special)})
    return out


def qwen2_5_vl(folder: Path) -> Path:
    """Qwen2.5-VL."""
    special = ('<|vision_start|>', '<|vision_end|>', '<|image_pad|>', '<|video_pad|>')
    tokenizer = byte_tokenizer(*special)
    ids = {name: tokenizer.convert_tokens_to_ids(name) for name in special}
    rope = {'type': 'mrope', 'mrope_section': [1, 1, 2], 'rope_type': 'default'}
    config = hf.Qwen2_5_VLConfig(
        text_config={**TEXT, 'vocab_size': len(tokenizer), 'rope_parameters': rope},
        vision_config={
            'depth': 2,
            'hidden_size': 32,
            'intermediate_size': 48,
            'num_heads': 2,
            'out_hidden_size': 32,
            'fullatt_block_indexes': [1],
        },
        image_token_id=ids['<|image_pad|>'],
        video_token_id=ids['<|video_pad|>'],
        vision_start_token_id=ids['<|vision_start|>'],
        vision_end_token_id=ids['<|vision_end|>'],
    )
    images = hf.Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 16)
    model = hf.Qwen2_5_VLForConditionalGeneration(config)
    processor = without_videos(
        hf.Qwen2_5_VLProcessor,
        image_processor=images,
        tokenizer=tokenizer,
        chat_template=TEMPLATE.replace('IMAGE', QWEN_IMAGE),
    )
    return _saved(folder, model, processor)


def smol_vlm(folder: Path) -> Path:
    """SmolVLM."""
    special = ('<image>', '<fake_token_around_image>', '<global-img>', '<end_of_utterance>')
    tokenizer = byte_tokenizer(*special)
    tokenizer.fake_image_token = '<fake_token_around_image>'
    tokenizer.image_token = '<image>'
    tokenizer.global_image_token = '<global-img>'
    tokenizer.end_of_utterance_token = '<end_of_utterance>'
    config = hf.SmolVLMConfig(
        text_config={'model_type': 'llama', **TEXT, 'vocab_size': len(tokenizer)},
        vision_config={
            'hidden_size': 32,
            'intermediate_size': 48,
            'num_hidden_layers': 2,
            'num_attention_heads': 2,
            'image_size': 64,
            'patch_size': 16,
        },
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids('<image>'),
    )
    images = hf.SmolVLMImageProcessorPil(
        size={'longest_edge': 64}, max_image_size={'longest_edge': 64}, do_image_splitting=False
    )
    processor = without_videos(
        hf.SmolVLMProcessor,
        image_processor=images,
        tokenizer=tokenizer,
        image_seq_len=4,
        chat_template=TEMPLATE.replace('IMAGE', '<image>'),
    )
    return _saved(folder, hf.SmolVLMForConditionalGeneration(config), processor)


def llava(folder: Path) -> Path:
    """LLaVA: CLIP and Llama."""
    tokenizer = byte_tokenizer('<image>')
    config = hf.LlavaConfig(
        vision_config=hf.CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=56,
            patch_size=14,
        ),
        text_config=hf.LlamaConfig(**TEXT, vocab_size=len(tokenizer)),
        image_token_id=tokenizer.convert_tokens_to_ids('<image>'),
    )
    processor = hf.LlavaProcessor(
        hf.CLIPImageProcessorPil(size={'shortest_edge': 56}, crop_size={'height': 56, 'width': 56}),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy='default',
        num_additional_image_tokens=1,
        chat_template=TEMPLATE.replace('IMAGE', '<image>'),
    )
    return _saved(folder, hf.LlavaForConditionalGeneration(config), processor)


SAID = (
    'image_seq_len',
    'patch_size',
    'vision_feature_select_strategy',
    'num_additional_image_tokens',
)
FAMILIES = {'qwen2_5_vl': qwen2_5_vl, 'smol_vlm': smol_vlm, 'llava': llava}


def _saved(folder: Path, model, processor) -> Path:
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=0.15)
    model.save_pretrained(folder, safe_serialization=True)
    processor.image_processor.save_pretrained(folder)
    processor.tokenizer.save_pretrained(folder)
    (folder / 'chat_template.jinja').write_text(processor.chat_template)
    said = {'processor_class': type(processor).__name__}
    said |= {name: getattr(processor, name) for name in SAID if hasattr(processor, name)}
    (folder / 'processor_config.json').write_text(json.dumps(said))
    return folder
