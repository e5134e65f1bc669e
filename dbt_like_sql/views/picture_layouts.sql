-- Where each picture lies on a plane, like beside like, by each method and setting.
select
    encoder,
    method,
    setting,
    image_id,
    x,
    y
from picture_layouts
