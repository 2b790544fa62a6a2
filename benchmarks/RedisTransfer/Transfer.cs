namespace KVCluster.Benchmarks.RedisTransfer;

/// <summary>How fast values moved, and what the client's processors did for it (on a busy machine the steadier figure).</summary>
/// <param name="BytesPerSecond">Bytes of values a second.</param>
/// <param name="ProcessorSecondsPerByte">Seconds of the client's processor time for each byte.</param>
internal readonly record struct Transfer(double BytesPerSecond, double ProcessorSecondsPerByte);
