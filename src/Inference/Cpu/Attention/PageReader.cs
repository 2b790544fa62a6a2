using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Cpu.Attention;

/// <summary>Decodes whole pages for the kernels.</summary>
internal static unsafe class PageReader
{
    /// <summary>
    /// Decodes the first <paramref name="count"/> rows of a page to float32 rows of <paramref name="stride"/> floats. Padding beyond the
    /// head size is zero.
    /// </summary>
    public static void Decode(CpuPageStore store, int page, int count, float* rows, int stride)
    {
        KvGeometry geometry = store.Geometry;
        int size = geometry.HeadSize;
        byte* data = store.Page(page);
        if (stride == size && geometry.ElementType != KvElementType.Int8)
        {
            Span<float> all = new(rows, count * size);
            if (geometry.ElementType == KvElementType.F32)
            {
                new ReadOnlySpan<float>(data, all.Length).CopyTo(all);
            }
            else
            {
                KvRowCodec.DecodeBf16(new ReadOnlySpan<ushort>(data, all.Length), all);
            }

            return;
        }

        for (int i = 0; i < count; i++, rows += stride)
        {
            store.LoadRow(page, i, new Span<float>(rows, size));
            new Span<float>(rows + size, stride - size).Clear();
        }
    }
}
