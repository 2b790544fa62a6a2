# syntax=docker/dockerfile:1
# A worker: a silo with a device. Built from the repository's root:
#   docker build -f k8s/images/worker.Dockerfile --build-arg SDK_IMAGE=... --build-arg RUNTIME_IMAGE=... -t kvcluster-worker:0.1.0 --sbom=true .
# SDK_IMAGE: .NET's SDK 10. RUNTIME_IMAGE: a CUDA base on the same C library, such as nvidia/cuda on Ubuntu; with BACKEND=cpu any image that .NET's
# runtime-deps would do for. Name both by digest. The program brings .NET's runtime, libtorch and its CUDA libraries with it. docs/kubernetes.md says more.
ARG SDK_IMAGE
ARG RUNTIME_IMAGE

FROM ${SDK_IMAGE} AS build
# A feed or folder with the Microsoft.Orleans packages, where the usual source lacks them.
ARG ORLEANS_SOURCE=
# torch for GPUs, cpu for processors.
ARG BACKEND=torch
WORKDIR /source
COPY . .
RUN dotnet publish src/Silo/Silo.csproj -c Release -p:ClusterEngine=orleans -p:RestoreAdditionalSources="${ORLEANS_SOURCE}" -p:Backend="${BACKEND}" \
        --runtime linux-x64 --self-contained true -o /app

FROM ${RUNTIME_IMAGE}
WORKDIR /app
COPY --from=build /app .
ENV KVCLUSTER__LISTEN__URL=http://0.0.0.0:8080 \
    DOTNET_EnableDiagnostics=0 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
EXPOSE 8080 11111 30000
USER 1654:1654
HEALTHCHECK --interval=10s --timeout=5s --start-period=600s CMD ["/app/kvcluster", "health"]
ENTRYPOINT ["/app/kvcluster"]
CMD ["serve"]
