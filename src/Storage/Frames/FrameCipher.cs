using System.Security.Cryptography;
using KVCluster.Storage.Blobs;
using KVCluster.Storage.Encryption;
using KVCluster.Storage.MessagePack;

namespace KVCluster.Storage.Frames;

/// <summary>
/// AES-256-GCM over frames and manifests: 12 bytes of random nonce, ciphertext, 16 bytes of tag. Each owner's key is derived from the
/// tenant's (HKDF-SHA256), so that random nonces are drawn for one session only. What is authenticated besides: that it is a frame or a
/// manifest, tenant, session, and of a frame epoch, save and number.
/// </summary>
internal static class FrameCipher
{
    public const int NonceBytes = 12;
    public const int TagBytes = 16;

    /// <summary>Bytes that encryption adds.</summary>
    public static int Overhead(string? keyId) => keyId is null ? 0 : NonceBytes + TagBytes;

    /// <summary>Encrypts in place: the buffer has room for the nonce, then holds the plaintext, then has room for the tag.</summary>
    public static void Seal(TenantKey key, SnapshotOwner owner, FrameId? frame, Span<byte> buffer)
    {
        Span<byte> nonce = buffer[..NonceBytes];
        Span<byte> text = buffer[NonceBytes..^TagBytes];
        RandomNumberGenerator.Fill(nonce);
        using AesGcm cipher = Cipher(key, owner);
        cipher.Encrypt(nonce, text, text, buffer[^TagBytes..], Associated(owner, frame).Span);
    }

    /// <summary>Decrypts in place; the plaintext then lies between nonce and tag. False where anything was changed.</summary>
    public static bool TryOpen(TenantKey key, SnapshotOwner owner, FrameId? frame, Span<byte> buffer)
    {
        if (buffer.Length < NonceBytes + TagBytes)
        {
            return false;
        }

        Span<byte> text = buffer[NonceBytes..^TagBytes];
        using AesGcm cipher = Cipher(key, owner);
        try
        {
            cipher.Decrypt(buffer[..NonceBytes], text, buffer[^TagBytes..], text, Associated(owner, frame).Span);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private static AesGcm Cipher(TenantKey key, SnapshotOwner owner)
    {
        var info = new MessagePackWriter();
        info.WriteArrayHeader(3);
        info.Write("KVCluster cold key 1");
        info.Write(owner.Tenant);
        info.Write(owner.Session);
        Span<byte> derived = stackalloc byte[TenantKey.Bytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Secret.Span, derived, salt: default, info.Written.Span);
        try
        {
            return new AesGcm(derived, TagBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    private static ReadOnlyMemory<byte> Associated(SnapshotOwner owner, FrameId? frame)
    {
        var data = new MessagePackWriter();
        data.WriteArrayHeader(frame is null ? 3 : 6);
        data.Write(frame is null ? "manifest" : "frame");
        data.Write(owner.Tenant);
        data.Write(owner.Session);
        if (frame is { } id)
        {
            data.Write(id.Epoch);
            data.WriteFixed(id.Save);
            data.Write((long)id.Number);
        }

        return data.Written;
    }
}
