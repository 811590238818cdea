"""Reports as files, in a bucket that forgets them after a week, and the queue that asks for them.

An export is a few objects under one prefix, and which of them are there says how far it is:

    exports/{studio_id}/{export_id}.requested   it was asked for
    exports/{studio_id}/{export_id}.csv         it is done
    exports/{studio_id}/{export_id}.failed      it could not be written, the last time it was tried

The studio is in the prefix, so another studio's export is not there for whoever asks for it.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef
    from mypy_boto3_sqs import SQSClient

# A part of an upload has at least 5 MiB, but the last:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_PART_BYTES = 5 * 1024 * 1024

# Time to follow a link, and not to pass it on: the file has names in it.
LINK_SECONDS = 300

_REQUESTED, _DONE, _FAILED = "requested", "csv", "failed"


class ExportStatus(StrEnum):
    """How far an export is."""

    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What an export shall hold: the pinned selection, as strings for a message.

    ``file_name`` is what the file is called where it is saved; the other fields are those of
    ``shared.domain.report.Selection``.
    """

    export_id: str
    studio_id: str
    state: str
    start: str
    end: str
    upto_seq: str
    file_name: str
    correlation_id: str


class ExportQueue:
    """Where exports are asked for.

    Args:
        sqs: A client.
        url: The queue's URL.
    """

    def __init__(self, sqs: "SQSClient", url: str) -> None:
        self._sqs = sqs
        self._url = url

    def ask_for(self, request: ExportRequest) -> None:
        """Ask for an export; a repeat writes the same file again."""
        self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(asdict(request)))


class ExportFiles:
    """The exports in the bucket.

    Args:
        s3: A client.
        bucket: The bucket's name.
    """

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def status(self, studio_id: str, export_id: str) -> ExportStatus | None:
        """Say how far an export of the studio is, or None if there is none."""
        prefix = _key(studio_id, export_id, "")
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=prefix).get("Contents", [])
        there = {each["Key"].removeprefix(prefix) for each in found}
        # Done is done, also where an earlier try has failed.
        for name, status in (
            (_DONE, ExportStatus.READY),
            (_FAILED, ExportStatus.FAILED),
            (_REQUESTED, ExportStatus.RUNNING),
        ):
            if name in there:
                return status
        return None

    def link(self, studio_id: str, export_id: str) -> str:
        """Return a URL that the file can be read at for ``LINK_SECONDS`` by whoever has it."""
        return self._s3.generate_presigned_url(
            "get_object",
            Params={"Bucket": self._bucket, "Key": _key(studio_id, export_id, _DONE)},
            ExpiresIn=LINK_SECONDS,
        )

    def mark_requested(self, studio_id: str, export_id: str) -> None:
        """Record that an export was asked for."""
        self._s3.put_object(Bucket=self._bucket, Key=_key(studio_id, export_id, _REQUESTED))

    def mark_failed(self, studio_id: str, export_id: str) -> None:
        """Record that an export could not be written; it may still be, when it is tried again."""
        self._s3.put_object(Bucket=self._bucket, Key=_key(studio_id, export_id, _FAILED))

    def write(
        self, studio_id: str, export_id: str, file_name: str, chunks: Iterable[bytes]
    ) -> None:
        """Write an export's file while its content is made; no more than a part is held.

        The file appears when it is whole, and not at all if making the content fails; the bucket
        drops the parts of such an upload by itself, after a day.

        Args:
            studio_id: Whose export.
            export_id: Which.
            file_name: What it is called where it is saved; letters, digits, ``-``, ``_`` and ``.``.
            chunks: The content; there is some.
        """
        bucket, key = self._bucket, _key(studio_id, export_id, _DONE)
        upload_id = self._s3.create_multipart_upload(
            Bucket=bucket,
            Key=key,
            ContentType="text/csv; charset=utf-8",
            ContentDisposition=f'attachment; filename="{file_name}"',
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
    """Put chunks together to parts of the least size; the last one may be smaller."""
    part = bytearray()
    for chunk in chunks:
        part += chunk
        if len(part) >= _PART_BYTES:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


def _key(studio_id: str, export_id: str, kind: str) -> str:
    return f"exports/{studio_id}/{export_id}.{kind}"
