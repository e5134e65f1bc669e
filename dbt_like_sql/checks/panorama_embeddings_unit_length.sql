-- Vectors of panoramas not of unit length, not as long as the encoder says, or missing without a reason.
-- asset: panorama_embeddings
-- severity: error
-- blocking: true
with measured as (
    select
        panorama_embeddings.*,
        len(embedding) as vector_dimension,
        sqrt(list_sum([x * x for x in embedding])) as vector_length
    from panorama_embeddings
)

select
    panorama_id,
    captured_on,
    encoder,
    status,
    vector_dimension,
    vector_length,
    measured.error
from measured
left join encoders using (encoder)
where
    (status = 'failed' and (embedding is not null or measured.error is null))
    or (
        status = 'ok'
        and (
            embedding is null
            or not (abs(vector_length - 1) <= 0.001)
            or vector_dimension <> dimension
            or image_count < 1
        )
    )
order by panorama_id, captured_on
