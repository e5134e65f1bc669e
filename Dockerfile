# One image for the code server, the web server, the daemon and the MLflow server.
# By the digest of its index, all architectures; for another tag ask for its digest with
# docker buildx imagetools inspect python:TAG
FROM python:3.11.14-slim-bookworm@sha256:65a93d69fa75478d554f4ad27c85c1e69fa184956261b4301ebaf6dbb0a3543d

# An index that holds the CPU build of torch makes the image some gigabytes smaller where no GPU is:
# make lock ARGS='--index …', then docker compose build --build-arg PIP_EXTRA_INDEX_URL=…
ARG PIP_EXTRA_INDEX_URL=

ENV PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /app
# Each file by its hash; the project itself is built by what came so, without an index.
COPY docker/requirements.txt ./docker/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --require-hashes --only-binary :all: -r docker/requirements.txt
COPY pyproject.toml README.md LICENSE dagster.yaml ./
COPY dbt_like_sql ./dbt_like_sql
COPY streetview_assets ./streetview_assets
# Without git in the context the version is told: docker compose build --build-arg VERSION=0.1.0
ARG VERSION=0.0.0
RUN SETUPTOOLS_SCM_PRETEND_VERSION="$VERSION" \
    pip install --no-deps --no-build-isolation --no-index . && pip check

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
