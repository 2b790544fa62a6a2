namespace KVCluster.Storage.Encryption;

/// <summary>A tenant's key of AES-256. Its text form names the id only.</summary>
public sealed class TenantKey
{
    /// <summary>Bytes of a key.</summary>
    public const int Bytes = 32;

    private readonly byte[] _secret;

    /// <summary>A key of exactly <see cref="Bytes"/> bytes, which are copied.</summary>
    public TenantKey(string id, ReadOnlySpan<byte> secret)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        if (secret.Length != Bytes)
        {
            throw new ArgumentException($"key '{id}' has {secret.Length} bytes; AES-256 takes {Bytes}", nameof(secret));
        }

        Id = id;
        _secret = secret.ToArray();
    }

    /// <summary>What manifests and frames name it by; not secret.</summary>
    public string Id { get; }

    internal ReadOnlyMemory<byte> Secret => _secret;

    /// <inheritdoc/>
    public override string ToString() => $"key '{Id}'";
}
