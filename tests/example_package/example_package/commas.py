"""Words separated by commas or white space."""

from onlstm_parse.text.tokenisers.base import Tokeniser


class Commas(Tokeniser):
    def tokenise(self, line):
        words = line.replace(",", " ").split()
        return words, words
