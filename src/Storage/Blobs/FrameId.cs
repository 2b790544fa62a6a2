using System.Globalization;

namespace KVCluster.Storage.Blobs;

/// <summary>
/// Names a frame within its owner, for good: no other save, of this epoch or another, makes the same one, so that two writers never write
/// the same key.
/// </summary>
/// <param name="Epoch">Epoch of the save that wrote it.</param>
/// <param name="Save">A random number of that save.</param>
/// <param name="Number">Counts the frames of that save from 0.</param>
public readonly record struct FrameId(long Epoch, ulong Save, int Number)
{
    /// <summary>Reads <see cref="ToString"/>'s form.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out FrameId id)
    {
        id = default;
        Span<Range> parts = stackalloc Range[4];
        if (text.Split(parts, '-') != 3
            || !ulong.TryParse(text[parts[0]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong epoch)
            || !ulong.TryParse(text[parts[1]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong save)
            || !uint.TryParse(text[parts[2]], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number))
        {
            return false;
        }

        id = new FrameId(unchecked((long)epoch), save, unchecked((int)number));
        return text.SequenceEqual(id.ToString());
    }

    /// <summary>Lower-case hexadecimal, "epoch-save-number": fit for keys and file names.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch:x}-{Save:x16}-{Number:x}");
}
