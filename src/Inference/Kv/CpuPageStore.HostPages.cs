namespace KVCluster.Inference.Kv;

/// <content>Pages as managed memory.</content>
public sealed unsafe partial class CpuPageStore : IHostPages
{
    private readonly ReservedBlock[] _blocks;

    /// <inheritdoc/>
    public Memory<byte> PageMemory(int page)
    {
        CheckPage(page);
        int perBlock = PagesPerBlock(_pageBytes);
        return _blocks[page / perBlock].Memory.Slice(page % perBlock * _pageBytes, _pageBytes);
    }

    private static int PagesPerBlock(int pageBytes) => int.MaxValue / pageBytes;

    private static ReservedBlock[] Blocks(ReservedMemory memory, int pageCount, int pageBytes)
    {
        int perBlock = PagesPerBlock(pageBytes);
        var blocks = new ReservedBlock[(pageCount + perBlock - 1) / perBlock];
        for (int i = 0; i < blocks.Length; i++)
        {
            int first = i * perBlock;
            blocks[i] = new ReservedBlock(memory, (long)first * pageBytes, Math.Min(perBlock, pageCount - first) * pageBytes);
        }

        return blocks;
    }
}
