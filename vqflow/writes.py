"""Writes that need not wait for one another's answers, sent to the server in one go.

Each takes effect after those before it, as if sent alone; a refusal of one undoes them all with the transaction.
"""

from contextlib import contextmanager
from contextvars import ContextVar

from vqflow.pipelines import several

_waiting = ContextVar("waiting", default=None)


@contextmanager
def together():
    """Writes inside are sent at the end of the outermost such block, unless it is left with an exception.

    In a transaction. What is read inside does not see them, and what refuses them is raised at the end.
    """
    if _waiting.get() is not None:
        yield
        return
    token = _waiting.set([])
    try:
        yield
        writes = _waiting.get()
    finally:
        _waiting.reset(token)
    _send(writes)


def write(sql, values=(), *, then=None):
    """Carry out one statement, now or with others; `then(cursor)` is called with its answer, and may refuse it."""
    waiting = _waiting.get()
    if waiting is None:
        _send([(sql, values, then)])
    else:
        waiting.append((sql, values, then))


def _send(writes):
    if not writes:
        return
    answers = several([(sql, values) for sql, values, _ in writes])
    for (_, _, then), cursor in zip(writes, answers, strict=True):
        if then is not None:
            then(cursor)
