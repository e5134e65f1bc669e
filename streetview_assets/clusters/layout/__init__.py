"""Images laid out on a plane by likeness: UMAP and t-SNE, as dots or as the images themselves."""
