"""`python -m rliable`: the command line."""

import sys

from rliable.python_version import require_python

require_python()

from rliable.cli import main  # noqa: E402

sys.exit(main())
