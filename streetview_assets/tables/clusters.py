"""The tables of the stage `clusters`: clusters, their shares and their meaning."""

from functools import partial

from streetview_assets.tables.contract import (
    AREA,
    AUTHORITY,
    COUNT,
    DATE,
    DISPERSION,
    ENCODER,
    FLAG,
    NUMBER,
    SEEN,
    STATISTICS,
    TEXT,
    VECTOR,
    K,
    column,
    interval,
    key,
    maybe,
    table,
)

METHOD = key("method", TEXT, "how clusters are found", "kmeans")
SPACE = key("space", TEXT, "space they are found in: raw vectors, or pca<n>")
_CATEGORY_MEASURES = (
    *("accuracy", "balanced_accuracy", "largest_share"),
    *("precision", "recall", "f1", "confusion"),
)
_FIT = (ENCODER, METHOD, SPACE, K)
_CENTRE = (
    column("image_count", COUNT, "images of the sample in it"),
    column("centre", VECTOR, "centre in the space of the raw vectors"),
)
_table = partial(table, "clusters")

TABLES = (
    _table(
        "cluster_centres",
        "One row per cluster: its centre, by which images are assigned.",
        *_FIT,
        key("cluster", COUNT, "its number, 1 to k: largest first, then kept from fit to fit"),
        *_CENTRE,
    ),
    _table(
        "cluster_scores",
        "How well each number of clusters fits, in raw vectors and in principal components.",
        ENCODER,
        key(
            "method", TEXT, "k-means, or how else numbers are told", "kmeans", "density", "hdbscan"
        ),
        SPACE,
        K,
        key("seed", COUNT, "seed of the fit"),
        key(
            "score",
            TEXT,
            "inertia, silhouette, calinski_harabasz, davies_bouldin by seed; stability_seeds, "
            "stability_halves, gap, gap_error under the first, with density_agreement: how far "
            "clusters are the kinds that density keeps apart (adjusted Rand). Of `density`: "
            "share_in_kinds, k being the number of kinds, 1 a continuum; prominence of the k-th "
            "kind or of what is next to one, the fall of the log density around it; "
            "prominence_needed of a kind (k = 1)",
        ),
        maybe("value", NUMBER, "its value"),
    ),
    _table(
        "sweep_centres",
        "The centres of every number of clusters of the sweep, in each space, of the first seed.",
        *_FIT,
        key("cluster", COUNT, "its number, 1 to k: largest first"),
        *_CENTRE,
    ),
    _table(
        "density_clusters",
        "Clusters by density (HDBSCAN), of a sample of the images, which may be in none.",
        SEEN,
        ENCODER,
        column("space", TEXT, "space they are found in: raw vectors, or pca<n>"),
        maybe("cluster", COUNT, "its number, largest first; null: the image is in none"),
        column("probability", NUMBER, "how surely it is in it, 0 to 1; 0: in none"),
        maybe("distance", NUMBER, "to the mean of its cluster, Euclidean, between raw vectors"),
    ),
    _table(
        "cluster_assignments",
        "The cluster of each image.",
        AUTHORITY,
        SEEN,
        *_FIT,
        column("cluster", COUNT, "1 to k"),
        column("distance", NUMBER, "to the centre, Euclidean, between unit vectors"),
    ),
    _table(
        "cluster_names",
        "What people call clusters (`clusters.names`), each name with a few of their images: it is "
        "of the cluster that has more than half of them, whatever its number.",
        *_FIT,
        key("name", TEXT, "what somebody called a cluster"),
        maybe("cluster", COUNT, "the cluster that is called so; null: none is any more"),
        column("image_count", COUNT, "images that the name is kept with"),
        column("assigned_count", COUNT, "of them, those that have a cluster"),
        column("in_cluster", COUNT, "of these, those in the cluster with most of them"),
        maybe("reason", TEXT, "why no cluster is called so"),
    ),
    _table(
        "cluster_shares",
        "How an area's images, or its panoramas where these are looked at (`encoder.views`), "
        "spread over the clusters; shares of an area add up to 1.",
        AUTHORITY,
        AREA,
        *_FIT,
        key("cluster", COUNT, "1 to k"),
        column("image_count", COUNT, "the area's images, or panoramas, in the cluster"),
        column("share", NUMBER, "of all of the area's, 0 to 1"),
    ),
    _table(
        "label_shares",
        "How an area's images, or its panoramas where these are looked at (`encoder.views`), "
        "spread over the labels; shares of an area add up to 1.",
        AUTHORITY,
        AREA,
        ENCODER,
        key("label", TEXT, "name of the label"),
        column("image_count", COUNT, "the area's images, or panoramas, most like it"),
        column("share", NUMBER, "of all of the area's, 0 to 1"),
        column("mean_probability", NUMBER, "over the same"),
    ),
    _table(
        "cluster_profile",
        "What each cluster, and each label, is, over the whole study: one row per measure.",
        ENCODER,
        key("method", TEXT, "how clusters are found; `labels` in rows about a label"),
        key("space", TEXT, "raw vectors, or pca<n>; `words` in rows about a label"),
        key("k", COUNT, "number of clusters, or of labels"),
        key(
            "group_name",
            TEXT,
            "number of the cluster, the label, or `all`: all images, points or areas alike",
        ),
        key(
            "measure",
            TEXT,
            "`share`: of all images. `cosine_distance_median`: of its images to its "
            "centre. `share_of_authority`, `share_of_points`: the part of an authority's "
            "images, and points, that is the cluster's, a point being of the cluster that "
            "most of its images are in, of equals the one of which an image is more "
            "typical. `share_of_points_in_main`: the same, of the cluster "
            "that has most of them. `join_count`: pairs of neighbouring points (each with "
            "its 8 nearest) both of it; `join_count_expected`: by chance. `spearman`: of its "
            "share in an area with a target. `target_mean`, `target_median`, "
            "`target_lower_quartile`, `target_upper_quartile`: over areas, weighted by its "
            "share in them. `label_probability`: mean over its images",
        ),
        key("subject", TEXT, "the authority, target or label that is measured, or empty"),
        maybe("value", NUMBER, "the measure; null where it is not defined"),
        *interval("its interval, by Fisher's z"),
        maybe(
            "p_value",
            NUMBER,
            "of `spearman` two-sided, of `independent_areas` areas; of `join_count` one-sided, by "
            "permutations",
        ),
        column("unit_count", COUNT, "images, points or areas that it is made of"),
        maybe("note", TEXT, "why there is no value, or no test of it"),
        maybe(
            "independent_areas",
            NUMBER,
            "of `spearman`: how many independent areas are as uncertain (Clifford and others "
            "1989): fewer where share and target both vary smoothly over the map",
        ),
        maybe(
            "p_value_corrected",
            NUMBER,
            "the p-value for so many tests (Benjamini and Hochberg 1995): of a measure, over all "
            "clusters, or labels, and targets",
        ),
    ),
    _table(
        "image_layouts",
        "Where each image lies on a plane, or in space, like beside like, by method and setting.",
        ENCODER,
        key("method", TEXT, "how images are laid out", "umap", "tsne", "umap_3d"),
        key(
            "setting",
            TEXT,
            "`neighbours 30` of UMAP, `perplexity 30` of t-SNE, `perplexity 30, classic, start 2`",
        ),
        SEEN,
        column("x", NUMBER, "across; sizes of groups and distances between them mean little"),
        column("y", NUMBER, "upwards"),
        maybe("z", NUMBER, "towards one who looks, of `umap_3d`; null: on a plane"),
        maybe(
            "kl_divergence",
            NUMBER,
            "of this t-SNE, of all images: how much who is near is lost; of starts of one setting, "
            "the least is the best; null of UMAP",
        ),
    ),
    _table(
        "thumbnails_atlas",
        "Where the thumbnail of each image lies in the sprites of the explorer, whose files are in "
        "`cache/thumbnails_atlas` of the study's folder of data.",
        key("image_id", TEXT, "the image; of a panorama looked at as a whole, its first view"),
        key("cell_px", COUNT, "side of a thumbnail in the sprite"),
        column("sprite", TEXT, "file of the sprite, 32 thumbnails wide"),
        column("sprite_number", COUNT, "its place among the sprites of that size, from 0"),
        column("cell", COUNT, "place in the sprite, row by row from 0"),
        column("has_thumbnail", FLAG, "false: the image is gone, and the cell is grey"),
    ),
    _table(
        "category_scores",
        "How well vectors tell the images' own categories, each told by a model of other areas.",
        ENCODER,
        key(
            "measure",
            TEXT,
            "`accuracy`, `balanced_accuracy`; `largest_share`: of the largest category, which "
            "is the accuracy of always naming it; `precision`, `recall`, `f1` of a category; "
            "`confusion`: images of a category that got the predicted one",
            *_CATEGORY_MEASURES,
        ),
        key("category", TEXT, "the images' own, or empty: all of them"),
        key("predicted_category", TEXT, "of `confusion`; else empty"),
        maybe("value", NUMBER, "the measure; null where it is not defined"),
        column("image_count", COUNT, "images it is made of; of `precision`, those named so"),
        column("group_count", COUNT, "areas, and points without one, that they come from"),
        maybe("note", TEXT, "why there is no value"),
    ),
    _table(
        "capture_changes",
        "Each image, or panorama by its first view, beside the one taken before it at its point, "
        "in its direction.",
        AUTHORITY,
        key("to_image_id", TEXT, "the newer image"),
        ENCODER,
        column("from_image_id", TEXT, "the image taken before it"),
        column("point_id", TEXT, "the point of both"),
        maybe("area_code", TEXT, "the area of that point"),
        column("heading_deg", NUMBER, "direction of view of the newer, 0 to 360, from north"),
        column("from_on", DATE, "when the earlier was taken, first of the month"),
        column("to_on", DATE, "when the newer was taken, first of the month"),
        column(
            "cosine",
            NUMBER,
            "of the two vectors, 1: alike; cameras, seasons and weather change it too",
        ),
        maybe("from_cluster", COUNT, "cluster of the earlier; null where there are none"),
        maybe("to_cluster", COUNT, "cluster of the newer; null where there are none"),
        maybe(
            "cosine_elsewhere",
            NUMBER,
            "median cosine of images of different points in one direction, of the authority: "
            "beside it a cosine is large or small; null where no direction has two points",
        ),
    ),
    _table(
        "area_group_embeddings",
        "An area's images of one group (a cluster, a label, one by hand) as one vector.",
        AUTHORITY,
        AREA,
        ENCODER,
        key("grouping", TEXT, "what the groups are", "cluster", "label", "user_group"),
        K,
        key("group_name", TEXT, "the group"),
        key("statistic", TEXT, "how vectors are pooled, per dimension", *STATISTICS),
        column("image_count", COUNT, "images that went in, of panoramas each view"),
        column("embedding", VECTOR, "the pooled vector"),
        DISPERSION,
    ),
)
