"""When two spellings mean one thing."""

import re
import unicodedata

# A minus before a number is no loose sign: "agent -1" is not "agent 1".
_NEGATIVE = re.compile(r"(?<!\w)-(?=\d)")
_LOOSE = re.compile(r"[\s\-_./,'’·&()]+")
_MINUS = "\N{MINUS SIGN}"


def name_key(text: str) -> str:
    """Return what is left of a name without case, blanks and loose signs: "GTX Pro" and "GTXPro" are one product."""
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    return _LOOSE.sub("", _NEGATIVE.sub(_MINUS, plain)) or plain


def person_key(text: str) -> str:
    """Return a person's name without case and doubled blanks; signs stay, for people are not to be mixed up."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
