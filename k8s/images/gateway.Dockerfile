# syntax=docker/dockerfile:1
# A gateway: a silo without a device. Built from the repository's root:
#   docker build -f k8s/images/gateway.Dockerfile --build-arg SDK_IMAGE=... --build-arg RUNTIME_IMAGE=... -t kvcluster-gateway:0.1.0 --sbom=true .
# SDK_IMAGE: .NET's SDK 10. RUNTIME_IMAGE: .NET's chiseled aspnet 10. Name both by digest. docs/kubernetes.md says more.
ARG SDK_IMAGE
ARG RUNTIME_IMAGE

FROM ${SDK_IMAGE} AS build
# A feed or folder with the Microsoft.Orleans packages, where the usual source lacks them.
ARG ORLEANS_SOURCE=
WORKDIR /source
COPY . .
RUN dotnet publish src/Silo/Silo.csproj -c Release -p:ClusterEngine=orleans -p:RestoreAdditionalSources="${ORLEANS_SOURCE}" \
        --runtime linux-x64 --self-contained false -o /app

FROM ${RUNTIME_IMAGE}
WORKDIR /app
COPY --from=build /app .
# Port and address are the settings'; probes are the orchestrator's, this one is for a plain container engine.
ENV KVCLUSTER__LISTEN__URL=http://0.0.0.0:8080 \
    DOTNET_EnableDiagnostics=0
EXPOSE 8080 11111 30000
USER 1654:1654
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["dotnet", "/app/kvcluster.dll", "health"]
ENTRYPOINT ["dotnet", "/app/kvcluster.dll"]
CMD ["serve"]
