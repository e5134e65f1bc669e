# One image for the code server, the web server, the daemon and the MLflow server.
FROM python:3.11.14-slim-bookworm

# An index that holds the CPU build of torch makes the image some gigabytes smaller where no GPU is:
# docker compose build --build-arg PIP_EXTRA_INDEX_URL=…
ARG PIP_EXTRA_INDEX_URL=

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE dagster.yaml ./
COPY dbt_like_sql ./dbt_like_sql
COPY streetview_assets ./streetview_assets
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install -c constraints.txt '.[postgres]'

# Whoever runs it owns the data and its Dagster home, and nothing else.
RUN groupadd --gid 10001 streetview \
    && useradd --uid 10001 --gid 10001 --create-home streetview \
    && install -d -o streetview -g streetview /data /study /opt/dagster
COPY --chown=10001:10001 docker/dagster.yaml docker/workspace.yaml /opt/dagster/

USER 10001:10001
# docker-init then passes the signal that stops a container to the processes of runs too.
ENV DAGSTER_HOME=/opt/dagster \
    STREETVIEW_DATA=/data \
    TINI_KILL_PROCESS_GROUP=1
WORKDIR /study
VOLUME /data
CMD ["streetview", "--help"]
