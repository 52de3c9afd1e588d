"""An uploaded table, put where it can be read for as long as it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from core.tabular.limits import LIMITS, Limits
from core.tabular.reading import Table, open_table

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


@contextmanager
def uploaded_table(upload: "UploadedFile[Any]", *, limits: Limits = LIMITS) -> Iterator[Table]:
    """
    Open an upload as a table; the copy is gone afterwards.

    :raises UnreadableFile: as `open_table` does
    """
    with NamedTemporaryFile() as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        yield open_table(Path(copy.name), limits=limits)
