# Stands in for gitlab/gitlab-runner, which no registry here has: Debian with dumb-init and a stand-in for gitlab-runner.
# For other architectures than the builder's it is the same files, which nothing runs: only an index needs them.
ARG BASE
FROM --platform=$BUILDPLATFORM ${BASE} AS files
RUN apt-get update && apt-get install -y --no-install-recommends dumb-init
COPY --chmod=0755 gitlab-runner.pl /usr/bin/gitlab-runner
FROM scratch
COPY --from=files / /
