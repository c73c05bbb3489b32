"""The text of a source's files: the one place where their bytes are decoded and encoded.

Python files are read as Python reads them: by their byte order mark and coding cookie (PEP 263). Every other file is UTF-8. The
byte order mark is no part of the text; `encode` writes it again.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from io import BytesIO
from tokenize import detect_encoding

from ..errors import BadInputError

BYTE_ORDER_MARK = "\ufeff"
"""What some editors put before the text of a file. Python skips it in a file, and `ast.parse` refuses it in a text."""
_WITH_BOM = "utf-8-sig"


def encoding_of(path: str, data: bytes) -> str:
    """Returns the name of the codec of a file: `utf-8`, `utf-8-sig` with a byte order mark, or that of its coding cookie.

    Raises:
        BadInputError: The cookie names no codec, or a codec other than the byte order mark's.
    """
    if not path.endswith(".py"):
        return _WITH_BOM if data.startswith(BOM_UTF8) else "utf-8"
    try:
        return detect_encoding(BytesIO(data).readline)[0]
    except SyntaxError as error:
        if _is_utf8(data):
            remedy = "Name an encoding that Python has in its first two lines, or none for UTF-8"
        else:
            remedy = "Save it as UTF-8, or name its encoding in the first line: # -*- coding: latin-1 -*-"
        raise BadInputError(f"{path} can't be read as text: {error.msg}", remedy) from error


def decode(path: str, data: bytes) -> str:
    """Returns the text of a file, without its byte order mark.

    Raises:
        BadInputError: The bytes are no text in the file's encoding.
    """
    encoding = encoding_of(path, data)
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        cookie = ", or name its encoding in the first line: # -*- coding: latin-1 -*-" if path.endswith(".py") else ""
        raise BadInputError(f"{path} is not text in {encoding}: {error}", f"Save it as UTF-8{cookie}") from error


def encode(path: str, text: str, before: bytes = b"") -> bytes:
    """Returns the bytes of a file, in the encoding that its text declares.

    Args:
        path: The file.
        text: Its text.
        before: The file as it was; a byte order mark there is kept.

    Raises:
        BadInputError: The encoding lacks a character of the text.
    """
    mark = BOM_UTF8 if before.startswith(BOM_UTF8) or text.startswith(BYTE_ORDER_MARK) else b""
    text = text.removeprefix(BYTE_ORDER_MARK)
    encoding = encoding_of(path, mark + text[:1000].encode("utf-8", "replace"))  # a cookie stands in the first two lines
    try:
        return text.encode(encoding)
    except (UnicodeEncodeError, LookupError) as error:
        if encoding in {"utf-8", _WITH_BOM}:
            raise BadInputError(f"The text for {path} is not valid Unicode: {error}", "Remove the lone surrogates") from error
        raise BadInputError(
            f"The text for {path} can't be written in {encoding}, which its first lines declare: {error}",
            f"Use only characters of {encoding}, or change the coding cookie to utf-8",
        ) from error


def show(path: str, data: bytes) -> str:
    """Returns the text of a file for reading, with U+FFFD for bytes that are no text. Never write it back."""
    try:
        return decode(path, data)
    except BadInputError:
        return data.decode("utf-8", "replace")


def as_utf8(path: str, data: bytes) -> bytes:
    """Returns the text of a file in UTF-8, for programs that read nothing else; bytes that are no text stay as they are."""
    try:
        return decode(path, data).encode()
    except BadInputError:
        return data


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
