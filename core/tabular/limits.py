"""How large a file may be, and the refusal of one that cannot be read."""

from dataclasses import dataclass

from core.errors import Invalid

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What a file may cost.

    :param file_bytes: the file as uploaded
    :param unpacked_bytes: all members of a workbook together, unpacked
    :param member_ratio: how many times larger than packed a workbook's member may be (judged above one megabyte)
    :param memory_bytes, cpu_seconds: what the child process that reads a workbook may use
    """

    file_bytes: int = 64 * MB
    rows: int = 1_000_000
    columns: int = 500
    cell_characters: int = 32_767
    unpacked_bytes: int = 600 * MB
    members: int = 2_000
    member_ratio: int = 200
    memory_bytes: int = 1024 * MB
    cpu_seconds: int = 300


LIMITS = Limits()


class UnreadableFile(Invalid):
    """The file as a whole cannot be read; the message says why, `problems` where."""

    code = "unreadable_file"
