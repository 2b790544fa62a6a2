namespace KVCluster.Inference.Backend;

/// <summary>
/// Tokens on their way into a cache layer by layer, so that a layer can run as soon as the cache's rows of it are there while those of
/// later layers still come. Other steps may run on the backend in between; of this cache only rows of later layers may be written
/// meanwhile.
/// </summary>
public interface ILayerPass : IDisposable
{
    /// <summary>Tokens the cache has more once the pass has ended.</summary>
    int Tokens { get; }

    /// <summary>The layer to run next; the number of layers: it has ended.</summary>
    int Layer { get; }

    /// <summary>
    /// Runs the next layer. The last one commits the tokens: until then the cache has the length that it had. False: there was none left.
    /// </summary>
    bool Step();
}
