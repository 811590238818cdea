"""Files that take a while, as the API answers them."""

from urllib.parse import urlencode

from shared.domain.export import Export, ExportStatus
from shared.views.view import View


class ExportView(View):
    """A report that is written to a file.

    While it is `running`, `url` is the path to poll. Once it is `ready`, `url` is where the file
    can be downloaded for five minutes. If it `failed`, `url` is null.
    """

    export_id: str
    status: ExportStatus
    url: str | None


def export_view(export: Export, named_studio_id: str | None) -> ExportView:
    """Return an export, with the URL that the caller reads next.

    Args:
        export: The export.
        named_studio_id: The studio that a PPS admin reads for, or None for a studio's own people.
    """
    url = export.url
    if export.status is ExportStatus.RUNNING:
        url = f"/reports/refunds/exports/{export.export_id}"
        if named_studio_id is not None:
            url += f"?{urlencode({'studio_id': named_studio_id})}"
    return ExportView(export_id=export.export_id, status=export.status, url=url)
