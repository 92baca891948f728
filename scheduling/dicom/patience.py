"""A database that is frozen neither answers nor hangs up: a camera is told within seconds all the same.

The server's own statement timeout does not help there, and no time limit of TCP does: the kernel goes on confirming
what it receives for a process that stands still.
"""

import psycopg
from psycopg.pq import TransactionStatus

PATIENCE_SECONDS = 5


class Impatient(psycopg.Connection):
    """Hangs up on a server that has not answered a statement within PATIENCE_SECONDS; raises OperationalError."""

    def wait(self, gen, interval=0.1, timeout=None):
        try:
            return super().wait(gen, interval, PATIENCE_SECONDS if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise
