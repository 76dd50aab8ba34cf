"""Runs commands of Debian's az, unmodified, in one process: one a line on stdin, a line of JSON for each: its exit code, its result, what it said of errors."""
import contextlib
import io
import json
import shlex
import sys

from azure.cli.core import get_default_cli

cli = get_default_cli()
for line in sys.stdin:
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        try:
            code = cli.invoke(shlex.split(line), out_file=io.StringIO())
            result = cli.result.result if code == 0 else str(cli.result.error)
        except SystemExit as ended:
            code, result = ended.code, None
    print(json.dumps([code, result, said.getvalue()], default=str), flush=True)
