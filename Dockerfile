# The static binaries, and nothing else that runs. Nothing here needs more than the builder
# that comes with Docker 20.10, with or without BuildKit.
ARG BUILDER=rust:1.95-bookworm

FROM ${BUILDER} AS build
WORKDIR /src
COPY . .
# Static, so that `photoprism` also runs in the containers of others.
RUN target="$(rustc -vV | sed -n 's/^host: //p')" \
 && .ci/static \
 && mkdir -p /out/etc /out/run /out/usr/local/bin /out/var/lib \
 && cd "target/$target/release" \
 && cp photoprism photoprismd photoprism-gate /out/usr/local/bin/ \
 && printf 'root:x:0:0::/:/\nphotoprism:x:10001:10001::/var/lib/photoprism:/\n' > /out/etc/passwd \
 && printf 'root:x:0:\nphotoprism:x:10001:\nphotoprism-auth:x:10002:photoprism\n' > /out/etc/group \
 && mkdir -p /data/photoprism /admin/photoprism /auth/photoprism-auth \
 && chmod 0700 /data/photoprism && chmod 0750 /admin/photoprism /auth/photoprism-auth

FROM scratch
COPY --from=build /out/ /
# Owner and mode go over to new volumes that are mounted here.
COPY --from=build --chown=10001:10001 /data/ /var/lib/
COPY --from=build --chown=10001:10001 /admin/ /run/
COPY --from=build --chown=10001:10002 /auth/ /run/
ENV PATH=/usr/local/bin \
    PHOTOPRISM_ADMIN_DATABASE=/var/lib/photoprism/admin.db \
    PHOTOPRISM_ADMIN_SOCKET=/run/photoprism/admin.sock
USER 10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["photoprism", "--timeout", "4s", "admin", "status", "--check"]
ENTRYPOINT ["photoprismd"]
