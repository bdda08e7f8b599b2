"""`python -m onlstm_parse` is `onlstm-parse`."""

import sys

from onlstm_parse.cli.main import main

if __name__ == "__main__":  # tokenising workers import this module again
    sys.exit(main())
