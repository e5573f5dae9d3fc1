# One image for all of Holdfast's processes; docker-compose.yml says which one runs where.
FROM node:24-trixie-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

# uWebSockets.js is not published on npm by its makers. The image takes the package that
# package-lock.json pins by hash, because those very bytes are what the tests have run against.
# Whoever would rather have a release from the makers' own repository names its tag, as in
#   docker compose build --build-arg UWS_TAG=v20.67.0
# The seat service refuses to start on anything but the native module.
ARG UWS_TAG=
RUN if [ -n "$UWS_TAG" ]; then \
      apt-get update && apt-get install -y --no-install-recommends ca-certificates git && \
      rm -rf node_modules/uWebSockets.js && \
      git clone --quiet --depth 1 --branch "$UWS_TAG" \
        https://github.com/uNetworking/uWebSockets.js.git node_modules/uWebSockets.js && \
      rm -rf node_modules/uWebSockets.js/.git; \
    fi

FROM node:24-trixie-slim AS page
WORKDIR /app
COPY package.json package-lock.json tsconfig.json ./
RUN npm ci --include=dev --no-audit --no-fund
COPY contracts contracts
COPY client client
COPY web web
RUN node_modules/.bin/vite build web

FROM node:24-trixie-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY . .
COPY --from=page /app/web/dist web/dist
# Named volumes take over the owner of the folders they are mounted on.
RUN mkdir /keys /data && chown node:node /keys /data
USER node
ENTRYPOINT ["/app/ops/entrypoint.sh"]
