# Stands in for BuildKit's SBOM scanner, by its protocol: reads the root filesystem and writes in-toto statements.
ARG BASE
FROM ${BASE}
COPY --chmod=0755 scanner.sh /scanner
ENTRYPOINT ["/scanner"]
