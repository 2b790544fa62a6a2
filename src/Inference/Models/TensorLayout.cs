namespace KVCluster.Inference.Models;

/// <summary>Arithmetic on the places of tensors in a file that cannot overflow.</summary>
internal static class TensorLayout
{
    /// <summary>Bytes of a tensor, or null where they do not fit in 63 bits. Rows hold whole blocks.</summary>
    public static long? ByteCount(IReadOnlyList<long> shape, int blockElements, int blockBytes)
    {
        UInt128 elements = 1;
        foreach (long dimension in shape)
        {
            elements *= (UInt128)dimension;
            if (elements > long.MaxValue)
            {
                return null;
            }
        }

        UInt128 bytes = elements / (UInt128)blockElements * (UInt128)blockBytes;
        return bytes <= long.MaxValue ? (long)bytes : null;
    }

    /// <exception cref="ModelFormatException">Two tensors share bytes.</exception>
    public static void RequireApart(string path, IEnumerable<StoredTensor> tensors)
    {
        StoredTensor? before = null;
        foreach (StoredTensor tensor in tensors.OrderBy(t => t.Offset).ThenBy(t => t.ByteCount))
        {
            if (before is not null && before.Offset + before.ByteCount > tensor.Offset)
            {
                throw new ModelFormatException(path, $"tensors '{before.Name}' and '{tensor.Name}' overlap");
            }

            before = tensor;
        }
    }
}
