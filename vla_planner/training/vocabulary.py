"""The words that the bundled model reads and the tokens that it answers with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from vla_planner.formats import compact

PAD, START, END, UNKNOWN, IMAGE = '<pad>', '<s>', '</s>', '<unk>', '<image>'
MAX_LENGTH = 4096
SPECIAL = (PAD, START, END, UNKNOWN, IMAGE)
_TOKENS = frozenset(compact.TOKENS)
_TOKEN = re.compile('(' + '|'.join(map(re.escape, compact.TOKENS)) + ')')


class Vocabulary:
    """Words and answer tokens, each with its number. words: all lower case, no punctuation."""

    def __init__(self, words: Sequence[str]) -> None:
        self.tokens = (*SPECIAL, *compact.TOKENS, *words)
        self.index = {token: i for i, token in enumerate(self.tokens)}
        self.first_location = self.index['<loc_0>']
        self.first_word = len(SPECIAL) + len(compact.TOKENS)

    def __len__(self) -> int:
        return len(self.tokens)

    def words(self, sentence: str) -> list[int]:
        """Return the numbers of a sentence's words and tokens, in the way of `tokenizer`."""
        unknown = self.index[UNKNOWN]
        return [self.index.get(word, unknown) for word in _cut(sentence)]

    def answer(self, tokens: Sequence[str]) -> list[int]:
        """Return the numbers of an answer's tokens."""
        return [self.index[token] for token in tokens]

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """Return a tokenizer that cuts sentences into these words."""
        core = Tokenizer(models.WordLevel(self.index, UNKNOWN))
        core.normalizer = normalizers.Sequence(
            [normalizers.Lowercase(), normalizers.Replace(Regex(r'[^\w-]|_'), ' ')]
        )
        core.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        out = PreTrainedTokenizerFast(
            tokenizer_object=core,
            pad_token=PAD,
            bos_token=START,
            eos_token=END,
            unk_token=UNKNOWN,
            extra_special_tokens={'image_token': IMAGE},
            model_max_length=MAX_LENGTH,
        )
        # Not special, or they would be left out of decoded answers.
        out.add_tokens([AddedToken(token, normalized=False) for token in compact.TOKENS])
        return out


def _cut(sentence: str) -> Iterator[str]:
    """Yield the words and tokens of a sentence."""
    for part in _TOKEN.split(sentence):
        if part in _TOKENS:
            yield part
        else:
            spaced = ''.join(c if c.isalnum() or c == '-' else ' ' for c in part.lower())
            yield from spaced.split()


def tokens_in(folder: Path) -> list[str]:
    """Return the tokens of a saved model, in the order of their numbers."""
    index = Tokenizer.from_file(str(folder / 'tokenizer.json')).get_vocab()
    return sorted(index, key=index.__getitem__)
