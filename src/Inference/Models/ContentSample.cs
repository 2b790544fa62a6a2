namespace KVCluster.Inference.Models;

/// <summary>
/// The part of a tensor that is looked at when a model is opened: all of it up to 4 MiB; of larger ones 256 pieces of about 4 KiB, evenly
/// spread from first to last, so that opening takes a fraction of a second whatever the model's size.
/// </summary>
internal static class ContentSample
{
    private const long WholeBytes = 4 << 20;
    private const int Pieces = 256;
    private const int PieceBytes = 4096;

    /// <summary>Ranges of bytes from the start, each of whole units of <paramref name="unitBytes"/> (elements or blocks).</summary>
    public static IEnumerable<(long Start, int Length)> Ranges(long byteCount, int unitBytes)
    {
        if (byteCount <= WholeBytes)
        {
            yield return (0, (int)byteCount);
            yield break;
        }

        int length = PieceBytes / unitBytes * unitBytes;
        long lastUnit = (byteCount - length) / unitBytes;
        for (int i = 0; i < Pieces; i++)
        {
            yield return (lastUnit * i / (Pieces - 1) * unitBytes, length);
        }
    }
}
