"""Market-share targets as a file that comes back."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from core.access import require
from core.errors import DomainError
from core.pages import AuthedRequest, page
from core.tabular import Limits, UnreadableFile, uploaded_table
from core.templatetags.formats import number
from customers.models import ProductLine, Region
from planning import policies, queries, services
from planning.forms import ApplyFileForm, TargetFileForm
from planning.models import PlanVersion, ShareTarget
from planning.queries.share_files import ShareCheck, checked_shares

from .proposals import Proposals, refuse_file

LIMITS = Limits(file_bytes=2 * 1024 * 1024, rows=5_000, columns=40)
PROPOSALS = Proposals("planning.shares.import")


@require_http_methods(["GET", "HEAD", "POST"])
def share_targets_import(request: AuthedRequest, version: int) -> HttpResponse:
    """Read a file of share targets and show what it would change; then apply what was shown."""
    found = get_object_or_404(queries.visible_versions(request.user), pk=version)
    require(policies.can_plan(request.user))
    if not found.is_draft:
        raise services.settled(found)
    if request.method != "POST":
        return _import_page(request, found, TargetFileForm())
    if "proposal" in request.POST:
        return _apply(request, found)
    form = TargetFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _import_page(request, found, form, status=422)
    upload = form.cleaned_data["file"]
    try:
        with uploaded_table(upload, limits=LIMITS) as table:
            check = checked_shares(
                table, found, list(ShareTarget.objects.visible_to(request.user).filter(version=found))
            )
    except UnreadableFile as refusal:
        refuse_file(form, refusal)
        return _import_page(request, found, form, status=422)
    proposal = None
    if check.changes and not check.problems:
        lines = [
            [change.product.pk, change.region.pk, change.quarter, change.lock_version, str(change.after)]
            for change in check.changes
        ]
        proposal = PROPOSALS.form(request, found, file=upload.name, lines=lines)
    return _import_page(request, found, form, check=check, proposal=proposal, status=422 if check.problems else 200)


def _apply(request: AuthedRequest, version: PlanVersion) -> HttpResponse:
    again, told = TargetFileForm(), PROPOSALS.told(request, version)
    if told is None:
        refused = _("This preview has expired. Read the file again.")
        return _import_page(request, version, again, refused=refused, status=422)
    products = ProductLine.objects.in_bulk({line[0] for line in told["lines"]})
    regions = Region.objects.in_bulk({line[1] for line in told["lines"]})
    try:
        n = services.import_share_targets(
            version=version,
            wishes=[
                services.ShareWish(products[product], regions[region], quarter, float(share) / 100, seen)
                for product, region, quarter, seen, share in told["lines"]
            ],
            origin=_("From the file %(file)s") % {"file": told["file"]},
            actor=request.user,
            now=timezone.now(),
        )
    except DomainError as refusal:
        return _import_page(request, version, again, refused=refusal.message, status=refusal.status)
    said = ngettext("%(n)s share was taken over from the file.", "%(n)s shares were taken over from the file.", n)
    messages.success(request, said % {"n": number(n)})
    return redirect(f"{reverse('planning:market-shares')}?version={version.pk}")


def _import_page(
    request: AuthedRequest,
    version: PlanVersion,
    form: TargetFileForm,
    *,
    check: ShareCheck | None = None,
    proposal: ApplyFileForm | None = None,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "version": version,
        "plan": version.plan,
        "form": form,
        "check": check,
        "proposal": proposal,
        "refused": refused,
        "exports": share_exports(version),
    }
    return page(request, "planning/share_targets_import.html", context, status=status)


def share_exports(version: PlanVersion) -> list[tuple[str, str]]:
    """Return the kinds of file that a version's shares leave in, each with its address."""
    return [
        (kind, reverse("planning:share-targets-export", kwargs={"version": version.pk, "kind": kind}))
        for kind in ("csv", "xlsx")
    ]
