"""Vectors that name their images by files: what the files of a study's images are called."""

import polars as pl

from streetview_assets.embeddings.encoders.imported.load import ImportedVectors
from streetview_assets.images.providers.own_images import OwnImagesProvider
from streetview_assets.images.providers.registry import provider_class
from streetview_assets.study.images import Images


def with_original_files(
    vectors: ImportedVectors, images: pl.DataFrame, wishes: Images
) -> ImportedVectors:
    """Tell vectors that are named by files what the files of images are called.

    Images of a folder are called as they are there, those of a store as it says (`image_paths`).
    Images of other providers are known by the files in which this program keeps them.

    Parameters
    ----------
    vectors
        The file; one whose vectors are named by anything but files stays as it is.
    images
        Rows of the table `images`.
    wishes
        The study's part that names the provider.
    """
    provider = provider_class(wishes.provider)
    if not vectors.is_named_by_files or not issubclass(provider, OwnImagesProvider):
        return vectors
    own = provider(wishes)
    return vectors.with_files(own.names_of_files(), own.files_of(images))
