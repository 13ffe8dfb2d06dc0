# One image for bot and worker; the command says which. Build: docker build -t midwatch .
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/midwatch
COPY requirements.lock .
RUN /opt/midwatch/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY workers workers
COPY runbooks runbooks
COPY incidents incidents
RUN /opt/midwatch/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home --home-dir /var/lib/midwatch midwatch
COPY --from=build /opt/midwatch /opt/midwatch
ENV PATH=/opt/midwatch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MIDWATCH_HOME=/var/lib/midwatch
USER 10001
WORKDIR /var/lib/midwatch
EXPOSE 8000
ENTRYPOINT ["midwatch"]
CMD ["serve", "--host", "0.0.0.0"]
