"""SQL statements as the rules see them: split, without comments, with strings masked."""

import re
from collections.abc import Iterator

TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*.*?\*/)
    |(?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<string>'(?:[^']|'')*')
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)


def split(text: str) -> Iterator[tuple[int, str]]:
    """The statements of a text, each with its offset; a `;` within a string or a body splits nothing."""
    start = 0
    for token in TOKEN.finditer(text):
        if token.lastgroup == "end" or token["end"]:
            yield from piece(text, start, token.start())
            start = token.end()
    yield from piece(text, start, len(text))


def piece(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    part = text[start:end]
    bare = TOKEN.sub(lambda token: " " * len(token[0]) if token["comment"] else token[0], part)
    if bare.strip():
        yield start + len(bare) - len(bare.lstrip()), part.strip()


def plain(statement: str) -> str:
    """One line in upper case: comments gone, strings and bodies masked, names in quotes kept."""

    def masked(token: re.Match[str]) -> str:
        if token["comment"]:
            return " "
        return "'…'" if token["string"] or token["dollar"] else token[0]

    return " ".join(TOKEN.sub(masked, statement).split()).upper()


def is_change(statement: str) -> bool:
    """Whether a statement changes schema or data; a question, a setting or a transaction's end does not."""
    return not re.match(
        r"(SELECT|SHOW|SET|RESET|BEGIN|COMMIT|START|ROLLBACK|SAVEPOINT|RELEASE|EXPLAIN)\b", plain(statement)
    )
