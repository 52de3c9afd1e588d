"""Who may open the pages of the whole product."""

from core.access import PUBLIC, Routes

ROUTES: Routes = {
    "healthz": {"GET": PUBLIC, "HEAD": PUBLIC},
    "readyz": {"GET": PUBLIC, "HEAD": PUBLIC},
}
