using System.Buffers;
using KVCluster.Inference.Kv;
using static TorchSharp.torch;

namespace KVCluster.Inference.Torch.Memory;

/// <content>
/// Pages to and from the host, in the layout of every backend. Nothing is locked while pages travel: who exports keeps the pages from being
/// written by others, or shares them, for the time of the call.
/// </content>
internal sealed partial class TorchPageStore
{
    /// <inheritdoc/>
    /// <exception cref="ArenaFullException">The device had no memory left for the transfer.</exception>
    public void ExportPages(ReadOnlySpan<int> pages, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(destination.Length, (long)pages.Length * Geometry.PageBytes);
        CheckPages(pages);
        try
        {
            _mover.Export(pages, destination);
            ExportBiases(pages, destination);
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            throw new ArenaFullException(1, _ledger());
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArenaFullException">The device had no memory left for the transfer; the pages hold anything.</exception>
    public void ImportPages(ReadOnlySpan<int> pages, ReadOnlySpan<byte> source)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, (long)pages.Length * Geometry.PageBytes);
        CheckPages(pages);
        try
        {
            HoldRows(pages);
            _mover.Import(pages, source);
        }
        catch (Exception e) when (DeviceMemory.IsExhausted(e))
        {
            throw new ArenaFullException(1, _ledger());
        }
    }

    private void ExportBiases(ReadOnlySpan<int> pages, Span<byte> destination)
    {
        var places = new List<int>();
        using Tensor? floats = _biases.Gather(pages, places);
        if (floats is null)
        {
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(places.Count * Geometry.PageBytes);
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, places.Count * Geometry.PageBytes);
            _mover.Read(floats, bytes);
            for (int i = 0; i < places.Count; i++)
            {
                bytes.Slice(i * Geometry.PageBytes, Geometry.PageBytes).CopyTo(destination[(places[i] * Geometry.PageBytes)..]);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
