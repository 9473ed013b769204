#!/usr/bin/env python3
"""Tries the S3 endpoint by boto3 and compares each answer with what AWS documents.

    boto3_check.py http://127.0.0.1:9000          (credentials: logmill, logmill-local)

Prints a table `n operation expected got ok`; ends with 1 if a row is not ok. Expected values are
from the S3 API reference and the user guide's "Error responses". Needs boto3 only.
"""

import base64
import hashlib
import sys
import urllib.error
import urllib.request
import zlib
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

BUCKET = "boto3-check"
ROWS = []


def connect(endpoint, access="logmill", secret="logmill-local"):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        region_name="us-east-1",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )


def row(operation, expected, call):
    """Runs the call: its value, or the status and code of its error, is held against `expected`."""
    try:
        got = call()
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        got = f"{status} {error.response['Error']['Code']}"
    except urllib.error.HTTPError as error:
        got = str(error.code)
    except Exception as error:  # what is neither is a failed row, not the end of the table
        got = f"{type(error).__name__}: {error}"
    ROWS.append((operation, str(expected), str(got), expected == got))


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def headers(answer, *names):
    return [answer["ResponseMetadata"]["HTTPHeaders"].get(name) for name in names]


def names(answer):
    found = [item["Key"] for item in answer.get("Contents", [])]
    return found + [item["Prefix"] for item in answer.get("CommonPrefixes", [])]


def buckets(s3):
    row("CreateBucket", 200, lambda: status(s3.create_bucket(Bucket=BUCKET)))
    row("CreateBucket, own, us-east-1", 200, lambda: status(s3.create_bucket(Bucket=BUCKET)))
    west = {"LocationConstraint": "eu-west-1"}
    row(
        "CreateBucket, own, elsewhere",
        "409 BucketAlreadyOwnedByYou",
        lambda: s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=west),
    )
    row("HeadBucket", 200, lambda: status(s3.head_bucket(Bucket=BUCKET)))
    row("HeadBucket, missing", "404 404", lambda: s3.head_bucket(Bucket="not-there"))
    row("ListBuckets", True, lambda: BUCKET in [b["Name"] for b in s3.list_buckets()["Buckets"]])
    row("GetBucketLocation", None, lambda: s3.get_bucket_location(Bucket=BUCKET)["LocationConstraint"])


def puts(s3):
    etag = hashlib.md5(b"hello").hexdigest()
    put = lambda **more: s3.put_object(**{"Bucket": BUCKET, "Key": "a", "Body": b"hello", **more})
    row("PutObject: ETag is the MD5", f'"{etag}"', lambda: put()["ETag"])
    row("PutObject, missing bucket", "404 NoSuchBucket", lambda: put(Bucket="not-there"))
    row("PutObject, key of 1024 bytes", 200, lambda: status(put(Key="k" * 1024)))
    row("PutObject, key of 1025 bytes", "400 KeyTooLongError", lambda: put(Key="k" * 1025))
    row("PutObject, wrong Content-MD5", "400 BadDigest",
        lambda: put(ContentMD5=base64.b64encode(hashlib.md5(b"other").digest()).decode()))
    row("PutObject, invalid Content-MD5", "400 InvalidDigest", lambda: put(ContentMD5="bm90"))
    crc = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big")).decode()
    row("PutObject, CRC32 by trailer", crc, lambda: put(ChecksumAlgorithm="CRC32")["ChecksumCRC32"])
    row("PutObject, wrong CRC32", "400 BadDigest", lambda: put(ChecksumCRC32="AAAAAA=="))
    sha = base64.b64encode(hashlib.sha256(b"hello").digest()).decode()
    row("PutObject, SHA256", sha, lambda: put(ChecksumSHA256=sha)["ChecksumSHA256"])
    row("PutObject, If-None-Match * on a new key", 200, lambda: status(put(Key="new", IfNoneMatch="*")))
    row("PutObject, If-None-Match * on an old key", "412 PreconditionFailed",
        lambda: put(Key="new", IfNoneMatch="*"))
    row("PutObject, If-Match the ETag", 200, lambda: status(put(Key="new", IfMatch=etag)))
    row("PutObject, If-Match another ETag", "412 PreconditionFailed",
        lambda: put(Key="new", IfMatch="0" * 32))
    row("PutObject, If-Match on a missing key", "404 NoSuchKey",
        lambda: put(Key="missing", IfMatch=etag))
    row("PutObject, If-None-Match an ETag", "501 NotImplemented",
        lambda: put(Key="new", IfNoneMatch=etag))
    row("PutObject, 2 KB of metadata exceeded", "400 MetadataTooLarge",
        lambda: put(Metadata={"m": "x" * 2048}))


def gets(s3):
    meta = {"deployment-key": "gitlab-x-1", "part": "build"}
    s3.put_object(Bucket=BUCKET, Key="g", Body=b"0123456789", Metadata=meta,
                  ContentType="text/plain", CacheControl="no-cache", ContentEncoding="gzip",
                  ContentDisposition="inline", ContentLanguage="de")
    get = lambda **more: s3.get_object(**{"Bucket": BUCKET, "Key": "g", **more})
    row("GetObject: body", b"0123456789", lambda: get()["Body"].read())
    row("GetObject: headers", ["text/plain", "no-cache", "gzip", "inline", "de", "10", "bytes"],
        lambda: headers(get(), "content-type", "cache-control", "content-encoding",
                        "content-disposition", "content-language", "content-length", "accept-ranges"))
    row("GetObject: user metadata", meta, lambda: get()["Metadata"])
    row("GetObject: default type", "binary/octet-stream", lambda: get(Key="a")["ContentType"])
    row("GetObject, missing key", "404 NoSuchKey", lambda: get(Key="missing"))
    row("GetObject, missing bucket", "404 NoSuchBucket", lambda: get(Bucket="not-there"))
    part = lambda text: (lambda a: [status(a), a["ContentRange"], a["Body"].read()])(get(Range=text))
    row("GetObject, bytes=2-4", [206, "bytes 2-4/10", b"234"], lambda: part("bytes=2-4"))
    row("GetObject, bytes=7-", [206, "bytes 7-9/10", b"789"], lambda: part("bytes=7-"))
    row("GetObject, bytes=-2", [206, "bytes 8-9/10", b"89"], lambda: part("bytes=-2"))
    row("GetObject, bytes=-99", [206, "bytes 0-9/10", b"0123456789"], lambda: part("bytes=-99"))
    row("GetObject, bytes=10-", "416 InvalidRange", lambda: part("bytes=10-"))
    row("GetObject, bytes=-0", "416 InvalidRange", lambda: part("bytes=-0"))
    row("GetObject, response-content-type", "text/x", lambda: get(ResponseContentType="text/x")["ContentType"])
    row("GetObject, checksum of a plain put", True,
        lambda: "ChecksumCRC32" in get(ChecksumMode="ENABLED"))
    tag = s3.head_object(Bucket=BUCKET, Key="g")["ETag"]
    past, future = (datetime.now(timezone.utc) + timedelta(days=d) for d in (-1, 1))
    row("GetObject, If-Match", 200, lambda: status(get(IfMatch=tag)))
    row("GetObject, If-Match another", "412 PreconditionFailed", lambda: get(IfMatch='"0"'))
    row("GetObject, If-None-Match", "304 304", lambda: get(IfNoneMatch=tag))
    row("GetObject, If-None-Match another", 200, lambda: status(get(IfNoneMatch='"0"')))
    row("GetObject, If-Modified-Since tomorrow", "304 304", lambda: get(IfModifiedSince=future))
    row("GetObject, If-Modified-Since yesterday", 200, lambda: status(get(IfModifiedSince=past)))
    row("GetObject, If-Unmodified-Since yesterday", "412 PreconditionFailed",
        lambda: get(IfUnmodifiedSince=past))
    row("GetObject, If-Match outweighs the date", 200,
        lambda: status(get(IfMatch=tag, IfUnmodifiedSince=past)))
    head = lambda **more: s3.head_object(**{"Bucket": BUCKET, "Key": "g", **more})
    row("HeadObject", [10, tag, meta], lambda: (lambda a: [a["ContentLength"], a["ETag"], a["Metadata"]])(head()))
    row("HeadObject, missing key", "404 404", lambda: head(Key="missing"))
    row("HeadObject, If-None-Match", "304 304", lambda: head(IfNoneMatch=tag))
    row("HeadObject, If-Match another", "412 412", lambda: head(IfMatch='"0"'))


def keys(s3):
    odd = ["d", "d/e", "d/", "..", "../x", "d//e", "sp ace", "pl+us", "per%20cent", "ünï/日本", "q?#&='\"",
           "tilde~*()!"]
    for key in odd:
        s3.put_object(Bucket=BUCKET, Key=f"keys/{key}", Body=key.encode())
    row("keys: each its own content", [key.encode() for key in odd],
        lambda: [s3.get_object(Bucket=BUCKET, Key=f"keys/{key}")["Body"].read() for key in odd])
    row("ListObjectsV2: order of bytes", sorted((f"keys/{k}" for k in odd), key=str.encode),
        lambda: names(s3.list_objects_v2(Bucket=BUCKET, Prefix="keys/")))


def lists(s3):
    for key in ["a", "b/1", "b/2", "c/x/1", "d"]:
        s3.put_object(Bucket=BUCKET, Key=f"l/{key}", Body=b"")
    v2 = lambda **more: s3.list_objects_v2(Bucket=BUCKET, **{"Prefix": "l/", **more})
    row("ListObjectsV2, delimiter", ["l/a", "l/d", "l/b/", "l/c/"], lambda: names(v2(Delimiter="/")))
    row("ListObjectsV2, start-after", ["l/c/x/1", "l/d"], lambda: names(v2(StartAfter="l/b/2")))

    def pages():
        found, more = [], {}
        while True:
            page = v2(Delimiter="/", MaxKeys=1, **more)
            found += names(page)
            if not page["IsTruncated"]:
                return found
            more = {"ContinuationToken": page["NextContinuationToken"]}

    row("ListObjectsV2, pages of one", ["l/a", "l/b/", "l/c/", "l/d"], pages)
    row("ListObjectsV2, max-keys=0", [0, False], lambda: (lambda a: [a["KeyCount"], a["IsTruncated"]])(v2(MaxKeys=0)))
    row("ListObjectsV2, wrong token", "400 InvalidArgument", lambda: v2(ContinuationToken="zz"))
    row("ListObjectsV2, missing bucket", "404 NoSuchBucket", lambda: s3.list_objects_v2(Bucket="not-there"))
    v1 = lambda **more: s3.list_objects(Bucket=BUCKET, Prefix="l/", **more)
    row("ListObjects, marker", ["l/b/2", "l/c/x/1", "l/d"], lambda: names(v1(Marker="l/b/1")))
    row("ListObjects, next marker", [True, "l/b/"],
        lambda: (lambda a: [a["IsTruncated"], a["NextMarker"]])(v1(Delimiter="/", MaxKeys=2)))


def copies(s3):
    copy = lambda **more: s3.copy_object(**{"Bucket": BUCKET, "Key": "copy ü+", "CopySource": {"Bucket": BUCKET, "Key": "g"}, **more})
    tag = s3.head_object(Bucket=BUCKET, Key="g")["ETag"]
    row("CopyObject: ETag", tag, lambda: copy()["CopyObjectResult"]["ETag"])
    row("CopyObject keeps metadata", "build",
        lambda: s3.head_object(Bucket=BUCKET, Key="copy ü+")["Metadata"]["part"])
    row("CopyObject, REPLACE", {"x": "y"}, lambda: copy(MetadataDirective="REPLACE", Metadata={"x": "y"})
        and s3.head_object(Bucket=BUCKET, Key="copy ü+")["Metadata"])
    row("CopyObject, missing source", "404 NoSuchKey", lambda: copy(CopySource={"Bucket": BUCKET, "Key": "missing"}))
    row("CopyObject onto itself", "400 InvalidRequest", lambda: copy(Key="g"))
    row("CopyObject, copy-source-if-match another", "412 PreconditionFailed", lambda: copy(CopySourceIfMatch='"0"'))
    row("CopyObject, copy-source-if-none-match", "412 PreconditionFailed", lambda: copy(CopySourceIfNoneMatch=tag))


def multipart(s3):
    big = b"a" * (5 << 20)
    at = {"Bucket": BUCKET, "Key": "multi"}
    begin = lambda: s3.create_multipart_upload(**at, Metadata={"x": "y"})["UploadId"]
    part = lambda i, n, body: {"PartNumber": n, "ETag": s3.upload_part(**at, UploadId=i, PartNumber=n, Body=body)["ETag"]}
    done = lambda i, *parts: s3.complete_multipart_upload(**at, UploadId=i, MultipartUpload={"Parts": list(parts)})
    i = begin()
    two = part(i, 2, b"end")
    part(i, 1, b"b" * (5 << 20))
    one = part(i, 1, big)
    row("ListParts", [1, 2], lambda: [p["PartNumber"] for p in s3.list_parts(**at, UploadId=i)["Parts"]])
    row("ListMultipartUploads", ["multi"],
        lambda: [u["Key"] for u in s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]])
    row("CompleteMultipartUpload, wrong order", "400 InvalidPartOrder", lambda: done(i, two, one))
    row("CompleteMultipartUpload, wrong ETag", "400 InvalidPart",
        lambda: done(i, {"PartNumber": 1, "ETag": '"0"'}, two))
    sums = hashlib.md5(big).digest() + hashlib.md5(b"end").digest()
    row("CompleteMultipartUpload: ETag md5-n", f'"{hashlib.md5(sums).hexdigest()}-2"',
        lambda: done(i, one, two)["ETag"])
    row("GetObject of the parts' bytes", hashlib.md5(big + b"end").hexdigest(),
        lambda: hashlib.md5(s3.get_object(**at)["Body"].read()).hexdigest())
    row("GetObject, partNumber=2", [206, 2, b"end"],
        lambda: (lambda a: [status(a), a["PartsCount"], a["Body"].read()])(s3.get_object(**at, PartNumber=2)))
    row("UploadPart, ended upload", "404 NoSuchUpload", lambda: part(i, 1, b"x"))
    i = begin()
    small, next_ = part(i, 1, b"x"), part(i, 2, b"y")
    row("CompleteMultipartUpload, small part", "400 EntityTooSmall", lambda: done(i, small, next_))
    row("UploadPart, number 10001", "400 InvalidArgument", lambda: part(i, 10001, b"x"))
    row("UploadPartCopy, range", f'"{hashlib.md5(b"234").hexdigest()}"',
        lambda: s3.upload_part_copy(**at, UploadId=i, PartNumber=3, CopySourceRange="bytes=2-4",
                                    CopySource={"Bucket": BUCKET, "Key": "g"})["CopyPartResult"]["ETag"])
    row("AbortMultipartUpload", 204, lambda: status(s3.abort_multipart_upload(**at, UploadId=i)))
    row("AbortMultipartUpload again", "404 NoSuchUpload", lambda: s3.abort_multipart_upload(**at, UploadId=i))


def access(s3, endpoint):
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "g"}, ExpiresIn=60)
    row("presigned GET", b"0123456789", lambda: urllib.request.urlopen(url).read())
    row("presigned GET, changed", "403", lambda: urllib.request.urlopen(url.replace("/g?", "/a?")).read())
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "presigned"}, ExpiresIn=60)
    put = urllib.request.Request(url, data=b"x", method="PUT")
    row("presigned PUT", 200, lambda: urllib.request.urlopen(put).status)
    row("unsigned GET", "403", lambda: urllib.request.urlopen(f"{endpoint}/{BUCKET}/g").read())
    row("wrong secret", "403 SignatureDoesNotMatch", connect(endpoint, secret="wrong").list_buckets)
    row("unknown access key", "403 InvalidAccessKeyId", connect(endpoint, access="nobody").list_buckets)


def deletes(s3):
    delete = lambda **more: status(s3.delete_object(**{"Bucket": BUCKET, "Key": "a", **more}))
    row("DeleteObject, If-Match another", "412 PreconditionFailed", lambda: delete(IfMatch='"0"'))
    row("DeleteObject", 204, delete)
    row("DeleteObject, missing key", 204, lambda: delete(Key="missing"))
    row("DeleteObject, missing bucket", "404 NoSuchBucket", lambda: delete(Bucket="not-there"))
    row("DeleteBucket, not empty", "409 BucketNotEmpty", lambda: s3.delete_bucket(Bucket=BUCKET))
    every = [{"Key": key} for key in names(s3.list_objects_v2(Bucket=BUCKET))]
    row("DeleteObjects", [len(every) + 1, 0],
        lambda: (lambda a: [len(a["Deleted"]), len(a.get("Errors", []))])(
            s3.delete_objects(Bucket=BUCKET, Delete={"Objects": every + [{"Key": "missing"}]})))
    row("DeleteObjects, 1,001 keys", "400 MalformedXML",
        lambda: s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": str(n)} for n in range(1001)]}))
    row("DeleteBucket", 204, lambda: status(s3.delete_bucket(Bucket=BUCKET)))
    row("GetObject, deleted bucket", "404 NoSuchBucket", lambda: s3.get_object(Bucket=BUCKET, Key="a"))


def main():
    endpoint = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:9000"
    s3 = connect(endpoint)
    for group in (buckets, puts, gets, keys, lists, copies, multipart):
        group(s3)
    access(s3, endpoint)
    deletes(s3)
    cut = lambda text: text if len(text) <= 46 else text[:43] + "..."
    print(f"{'n':>3}  {'operation':<44}  {'expected':<46}  {'got':<46}  ok")
    for n, (operation, expected, got, ok) in enumerate(ROWS, 1):
        print(f"{n:>3}  {operation:<44}  {cut(expected):<46}  {cut(got):<46}  {'ok' if ok else 'NO'}")
    failed = sum(not ok for *_, ok in ROWS)
    print(f"{len(ROWS)} tried, {failed} not as documented (boto3 {boto3.__version__})")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
