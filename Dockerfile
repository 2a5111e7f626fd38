# One image for all tenants: docs/how-to/deploy.md says how to run it.
# Pin the base by digest: docker build --build-arg PYTHON=python:3.11-slim-bookworm@sha256:... .
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS build
# The server alone. For rehearsals in the image: --build-arg LOCK=requirements.lock
ARG LOCK=requirements-server.lock
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/dialplan
COPY requirements-server.lock requirements.lock ./
RUN pip --python /opt/dialplan/bin/python install --quiet --only-binary :all: --require-hashes --no-deps -r ${LOCK}
# Python links onnxruntime in; the same once more for programs in C is 35 MB that nothing opens.
RUN find /opt/dialplan/lib -path '*/onnxruntime/capi/libonnxruntime.so.*' -delete
# Nor does anything open numpy's own tests, and what onnxruntime makes models with: 25 MB.
RUN find /opt/dialplan/lib -path '*/numpy/*/tests/*' -delete
RUN find /opt/dialplan/lib -path '*/onnxruntime/transformers/*' -delete
RUN find /opt/dialplan/lib -path '*/onnxruntime/quantization/*' -delete
COPY pyproject.toml README.md LICENSE ./
COPY platform platform
COPY verticals verticals
RUN pip --python /opt/dialplan/bin/python install --quiet --no-build-isolation --no-deps .

FROM ${PYTHON}
# The embedded Postgres refuses to run as root, and nothing here needs to.
RUN useradd --system --user-group --uid 10001 --no-create-home dialplan && install -d -o dialplan -g dialplan /data
COPY --from=build /opt/dialplan /opt/dialplan
# Mount a folder of your own over this one to serve other verticals and tenants.
COPY verticals /verticals
ENV PATH=/opt/dialplan/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DIALPLAN_DATA=/data \
    DIALPLAN_VERTICALS=/verticals
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["dialplan"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
