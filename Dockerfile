# The operator's image: Node, git, ssh, the tools of Pulumi programs and one bundled folder; nothing that builds. See docs/install.md.
ARG NODE=node:24-trixie-slim
# Where no release server is reached, an image with Go (golang:1.26-trixie) builds the tools from the Go module proxy.
ARG TOOLS=${NODE}

FROM ${NODE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# The bundler comes as a plain package for the platform; no script of any package has to run.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node build.ts

# pulumi, helm and kustomize in the versions of toolchain/tools.ts: releases held to their checksums, or built.
FROM ${TOOLS} AS tools
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /src /src
RUN node --disable-warning=ExperimentalWarning /src/toolchain/main.ts --into /tools pulumi helm kustomize

# What programs get that name no packages: @pulumi/pulumi and @pulumi/kubernetes, without what only builds need.
FROM ${NODE} AS packages
WORKDIR /packages
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${NODE}
# ssh refuses to run as a user that /etc/passwd does not know. npm stays: it installs what programs are locked to.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git openssh-client \
 && rm -rf /var/lib/apt/lists/* /usr/local/bin/corepack /usr/local/lib/node_modules/corepack /opt/yarn* \
 && useradd --uid 65532 --user-group --home-dir /tmp --no-create-home --shell /usr/sbin/nologin plumbline
COPY --from=tools /tools /usr/local/bin
COPY --from=packages /packages/node_modules /plumbline/node_modules
COPY --from=build /src/build /plumbline
USER 65532:65532
# The one place that is written to; the Deployment mounts a scratch volume there and nothing else is writable.
ENV HOME=/tmp TMPDIR=/tmp
EXPOSE 8080
# A small young generation: half the memory with 10,000 objects, at no cost in speed (npm run bench).
ENTRYPOINT ["node", "--max-semi-space-size=4", "/plumbline/operator.js"]
