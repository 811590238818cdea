"""Exports: reports as files in a bucket that deletes them after a week, and their queue.

An export is a few objects under one prefix. The objects that exist are its status:

    exports/{studio_id}/{export_id}.requested   somebody requested it
    exports/{studio_id}/{export_id}.file        it is done
    exports/{studio_id}/{export_id}.failed      the last try to write it failed

The prefix has the studio's id, so no studio can reach another studio's export.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from shared.domain.export import ExportStatus
from shared.gateways.queues import Queue

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# Every part of an upload except the last must have at least 5 MiB:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
PART_BYTES = 5 * 1024 * 1024

# Enough to follow a link, but not to pass it on: the file has names of people in it.
LINK_SECONDS = 300

_REQUESTED, _DONE, _FAILED = "requested", "file", "failed"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """A queue message that requests an export, as strings.

    ``report``, ``form`` and ``decimal_mark`` are those of ``shared.domain.export``. ``selection``
    is what the file covers, as JSON: a ``LedgerSelection``, a ``StatementSelection``, a
    ``PatternsSelection``, or the ``Selection`` of refunds.
    ``file_name`` is the name under which a browser saves the file.
    """

    export_id: str
    studio_id: str
    report: str
    form: str
    decimal_mark: str
    selection: str
    file_name: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """The file of an export.

    ``name`` is what browsers save it under: letters, digits, ``-``, ``_`` and ``.``.
    """

    studio_id: str
    export_id: str
    name: str
    media_type: str


class ExportQueue(Queue):
    """The queue of requested exports."""

    def send(self, request: ExportRequest) -> None:
        """Request an export. A repeat writes the same file again."""
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(asdict(request)))


class ExportFiles:
    """The bucket of exports.

    Args:
        s3: A client.
        bucket: The bucket's name.
    """

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def status(self, studio_id: str, export_id: str) -> ExportStatus | None:
        """Return the status of a studio's export, or None if there is no such export."""
        prefix = _key(studio_id, export_id, "")
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix).get("Contents", [])
        suffixes = {each["Key"].removeprefix(prefix) for each in found}
        # A finished file counts, even if an earlier try failed.
        for name, status in (
            (_DONE, ExportStatus.READY),
            (_FAILED, ExportStatus.FAILED),
            (_REQUESTED, ExportStatus.RUNNING),
        ):
            if name in suffixes:
                return status
        return None

    def link(self, studio_id: str, export_id: str) -> str:
        """Return a URL of the file. Anybody who has it can read the file for ``LINK_SECONDS``."""
        return self._s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": _key(studio_id, export_id, _DONE)},
            ExpiresIn=LINK_SECONDS,
        )

    def read(self, studio_id: str, export_id: str, media_type: str) -> str | None:
        """Return the text of a studio's file, or None if there is no file of this type.

        It is in memory as a whole, so it is for files that are small by what they are.
        """
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=_key(studio_id, export_id, _DONE))
        except self._s3.exceptions.NoSuchKey:
            return None
        with closing(found["Body"]) as body:
            return body.read().decode() if found["ContentType"] == media_type else None

    def mark_requested(self, studio_id: str, export_id: str) -> None:
        """Record that somebody requested an export."""
        self._s3.put_object(Bucket=self._bucket, Key=_key(studio_id, export_id, _REQUESTED))

    def mark_failed(self, studio_id: str, export_id: str) -> None:
        """Record that a try to write an export failed. A later try may succeed."""
        self._s3.put_object(Bucket=self._bucket, Key=_key(studio_id, export_id, _FAILED))

    def write(self, file: "ExportedFile", chunks: Iterable[bytes]) -> None:
        """Write an export's file while its content is produced. Only one part is in memory.

        The file appears when it is complete. If producing the content fails, there is no file, and
        the bucket deletes the uploaded parts after a day.

        Args:
            file: Which file it is.
            chunks: The content, not empty.
        """
        bucket, key = self._bucket, _key(file.studio_id, file.export_id, _DONE)
        upload_id = self._s3.create_multipart_upload(
            Bucket=bucket,
            Key=key,
            ContentType=file.media_type,
            ContentDisposition=f'attachment; filename="{file.name}"',
            ChecksumAlgorithm="CRC32",
        )["UploadId"]
        parts = list(self._upload_parts(key, upload_id, chunks))
        self._s3.complete_multipart_upload(
            Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
        )

    def _upload_parts(
        self, key: str, upload_id: str, chunks: Iterable[bytes]
    ) -> "Iterator[CompletedPartTypeDef]":
        for number, body in enumerate(_parts(chunks), 1):
            part = self._s3.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                PartNumber=number,
                Body=body,
                ChecksumAlgorithm="CRC32",
            )
            yield {
                "PartNumber": number,
                "ETag": part["ETag"],
                "ChecksumCRC32": part["ChecksumCRC32"],
            }


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield parts of at least ``PART_BYTES``, made of chunks. The last part may be smaller."""
    part = bytearray()
    for chunk in chunks:
        part += chunk
        if len(part) >= PART_BYTES:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


def _key(studio_id: str, export_id: str, kind: str) -> str:
    return f"exports/{studio_id}/{export_id}.{kind}"
