"""A siamese classifier: one encoder reads two sentences, each by itself; a perceptron names their relation.

    p(relation) = softmax(W elu(V [h1; h2; h1 ∘ h2; |h1 - h2|] + a) + b)

Source: Shen et al. 2019, section 5.4, after Bowman, Manning and Potts 2015; h1 and h2 are the encoder's last
outputs. The encoder is a language model without its softmax, so every model of the catalogue can be one.
S sentences, N pairs, H units.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from onlstm_parse.models.base import LanguageModel
from onlstm_parse.models.network import Network
from onlstm_parse.models.pair_classifier_config import PairClassifierConfig
from onlstm_parse.ops.product import Linear
from onlstm_parse.text.batches import batch_by_length

TOKENS_AT_ONCE = 4096  # sentences of one batch are read in frames of like length


class PairClassifier(Network):
    """Any two sentences, in this order. Its softmax over words has no use and stays as it began."""

    config: PairClassifierConfig

    def __init__(self, config: PairClassifierConfig, vocabulary_size: int) -> None:
        super().__init__()
        self.config = config
        self.encoder = LanguageModel(config, vocabulary_size)
        self.classifier = nn.Sequential(
            nn.Dropout(config.dropout_output),
            Linear(4 * config.hidden, config.hidden),
            nn.ELU(),
            nn.Dropout(config.dropout_output),
            Linear(config.hidden, config.relations),
        )

    def forward(self, sentences: Sequence[Tensor], pairs: Tensor) -> Tensor:
        """Ids of S sentences, and N pairs of them, (N, 2) -> scores of the relations, (N, relations)."""
        first, second = self.encode(sentences)[pairs.T]
        features = torch.cat((first, second, first * second, (first - second).abs()), -1)
        return self.classifier(features).float()

    def encode(self, sentences: Sequence[Tensor]) -> Tensor:
        """Vectors (S, H), each sentence from a zero state, whatever else is in the batch."""
        causal = self.config.objective == "causal"
        order: list[int] = []
        vectors = []
        for batch in batch_by_length(list(map(len, sentences)), TOKENS_AT_ONCE, padded=causal):
            order += batch.sentences
            vectors.append(self._encode_frame([sentences[index] for index in batch.sentences]))
        return torch.cat(vectors)[torch.tensor(order).argsort()]

    def _encode_frame(self, sentences: Sequence[Tensor]) -> Tensor:
        """Sentences in one frame, padded on the right, where a causal model sees nothing of it.

        A model that reads both ways has read all of a sentence at neither end: the mean of both outputs.
        """
        device = self.encoder.bias.device
        last = torch.tensor([len(sentence) - 1 for sentence in sentences], device=device)
        with self.encoder.without_levels():
            outputs = self.encoder(pad_sequence(list(sentences)).to(device)).raw.float()
        ends = outputs[last, torch.arange(len(sentences), device=device)]
        return ends if self.config.objective == "causal" else (outputs[0] + ends) / 2

    def parameter_groups(self) -> list[tuple[list[nn.Parameter], float]]:
        return [*self.encoder.parameter_groups(), (list(self.classifier.parameters()), 1.0)]
