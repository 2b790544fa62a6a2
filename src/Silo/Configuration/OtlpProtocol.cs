namespace KVCluster.Silo.Configuration;

/// <summary>How OTLP goes over the wire.</summary>
internal enum OtlpProtocol
{
    /// <summary>gRPC, collectors' port 4317.</summary>
    Grpc,

    /// <summary>Protocol buffers over HTTP, collectors' port 4318.</summary>
    Http,
}
