-- One row per encoder: all that makes its vectors what they are.
select
    encoder,
    library,
    model,
    weights_sha256,
    preprocessing,
    precision,
    dimension
from encoders
