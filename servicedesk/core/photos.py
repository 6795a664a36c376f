"""Photos: decoded, checked and written anew, so that nothing but a picture is ever kept or served."""

import contextlib
import hashlib
import io
import secrets
import warnings
from dataclasses import dataclass

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

from servicedesk.core.models import Photo

MAX_EDGE = 1600
FORMATS = ["JPEG", "PNG", "WEBP", "MPO"]


@dataclass(frozen=True)
class Picture:
    """A picture after re-encoding: JPEG bytes, its size in pixels, nothing else of the original."""

    content: bytes
    width: int
    height: int


def reencode(upload):
    """Return the Picture in an uploaded file. Raises ValidationError with a sentence that names the file.

    The size is read from the header before anything is decoded; more than 50 megapixels are refused unread.
    """
    name = upload.name[:60]
    if upload.size > settings.PHOTO_MAX_BYTES:
        raise ValidationError(
            _("%(name)s is larger than 10 MB. Choose a smaller photo; everything else is kept."), params={"name": name}
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(upload, formats=FORMATS) as image:
                image.draft("RGB", (MAX_EDGE, MAX_EDGE))
                picture = ImageOps.exif_transpose(image).convert("RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise ValidationError(
            _("%(name)s has too many pixels. Choose a photo of at most 50 megapixels."), params={"name": name}
        ) from bomb
    except Exception as error:  # Pillow raises many kinds for a broken file; all mean the same to the sender
        raise ValidationError(
            _("%(name)s is not a photo that can be opened. Send a JPEG, PNG or WebP picture."), params={"name": name}
        ) from error
    picture.thumbnail((MAX_EDGE, MAX_EDGE))
    # Pillow writes comments and XMP of the original into the copy, where somebody's home or a script may stand.
    picture.info.clear()
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=82, optimize=True)
    return Picture(buffer.getvalue(), picture.width, picture.height)


def store(picture):
    """Write a Picture under a new random name and return the name. Do it before the transaction, never inside."""
    return default_storage.save(f"{secrets.token_hex(16)}.jpg", ContentFile(picture.content))


def copy_of(photo):
    """Return the Picture of a stored photo, to be stored again beside another thing. Raises FileNotFoundError."""
    with default_storage.open(photo.name) as file:
        return Picture(file.read(), photo.width, photo.height)


@contextlib.contextmanager
def stored(pictures):
    """Store `pictures` and give (Picture, name) of each; the files go again where what they are for fails."""
    kept = []
    try:
        kept += [(picture, store(picture)) for picture in pictures]
        yield kept
    except Exception:
        for _picture, name in kept:
            discard(name)
        raise


def discard(name):
    """Remove a stored picture that no row points to, because what it was for was refused."""
    default_storage.delete(name)


def attach(picture, name, *, to, by, now, stage=Photo.Stage.REPORT, public=False):
    """Save the row of a stored picture about `to`, in the transaction of the fact that it shows."""
    return Photo.objects.create(
        community_id=to.community_id,
        subject_type=ContentType.objects.get_for_model(to),
        subject_id=to.pk,
        stage=stage,
        name=name,
        width=picture.width,
        height=picture.height,
        bytes=len(picture.content),
        sha256=hashlib.sha256(picture.content).hexdigest(),
        by=by,
        at=now,
        is_public=public,
    )


def serve(name):
    """Return the response with a stored picture; the caller has checked who may see it. Raises Http404."""
    try:
        with default_storage.open(name) as file:
            content = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    response = HttpResponse(content, content_type="image/jpeg")
    response["Content-Disposition"] = 'inline; filename="photo.jpg"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    return response
