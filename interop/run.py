# SPDX-License-Identifier: Apache-2.0
"""Third-party implementations verify what we issue, and issue what we verify.

    python interop/run.py [ONLY] [--peers node|python]

One JSON object a line: {"peer", "version", "flow", "ok"}. A flow is ok when both sides accept the genuine
credential and both refuse every corrupted copy of it in the same run; a peer that accepts everything is
therefore not ok. ONLY is a prefix of the flow. Reasons go to the standard error. Exit 1 when one is not ok.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from attachments import attachment_flows  # noqa: E402  the folder has to be found first
from histories import (  # noqa: E402
    history_flows_of_node,
    history_flows_of_python,
)
from node_flows import node_flows  # noqa: E402
from node_peers import NodePeers  # noqa: E402
from python_peers import python_flows  # noqa: E402

if TYPE_CHECKING:
    from flows import Flow


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(description="Run the third-party peers.")
    options.add_argument("only", nargs="?", default="", help="prefix of the flows to run")
    options.add_argument("--peers", choices=("node", "python"), help="only the peers of one kind")
    chosen = options.parse_args(arguments)
    at = datetime.now(UTC).replace(microsecond=0)

    good = True
    if chosen.peers != "node":
        for flow in python_flows(at):
            good &= report(flow, chosen.only)
        for flow in (*history_flows_of_python(at), *attachment_flows(at)):
            good &= report(flow, chosen.only)
    if chosen.peers != "python":
        with NodePeers(HERE) as peers:
            for flow in node_flows(peers, at):
                good &= report(flow, chosen.only)
            for flow in history_flows_of_node(peers, at):
                good &= report(flow, chosen.only)
    return 0 if good else 1


def report(flow: Flow, only: str) -> bool:
    """Run one flow, print its line, and say why on the standard error when it is not ok."""
    if not flow.name.startswith(only):
        return True
    try:
        complaints = flow.run()
    except Exception as error:  # noqa: BLE001  a peer that breaks is a flow that is not ok, not the end of all
        complaints = [repr(error)]
    line = {"peer": flow.peer, "version": flow.version, "flow": flow.name, "ok": not complaints}
    print(json.dumps(line), flush=True)
    for complaint in complaints:
        print(f"{flow.peer} {flow.name}: {complaint}", file=sys.stderr)
    return not complaints


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
