# The operator's image: Node, git, ssh and one bundled folder; nothing that builds, nothing that installs. See docs/install.md.
ARG NODE=node:24-trixie-slim

FROM ${NODE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# The bundler comes as a plain package for the platform; no script of any package has to run.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node build.ts

FROM ${NODE}
# ssh refuses to run as a user that /etc/passwd does not know.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
 && useradd --uid 65532 --user-group --home-dir /tmp --no-create-home --shell /usr/sbin/nologin plumbline
COPY --from=build /src/build /plumbline
USER 65532:65532
# The one place that is written to; the Deployment mounts a scratch volume there and nothing else is writable.
ENV HOME=/tmp TMPDIR=/tmp
EXPOSE 8080
# A small young generation: half the memory with 10,000 objects, at no cost in speed (npm run bench).
ENTRYPOINT ["node", "--max-semi-space-size=4", "/plumbline/operator.js"]
