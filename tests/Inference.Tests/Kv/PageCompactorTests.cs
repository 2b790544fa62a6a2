using KVCluster.Inference.Kv;

namespace KVCluster.Inference.Tests.Kv;

public unsafe class PageCompactorTests
{
    public static TheoryData<int, int, bool, bool> Shapes()
    {
        var data = new TheoryData<int, int, bool, bool>();
        foreach (int rowBytes in new[] { 4, 20, 64, 128, 192, 1024 })
        {
            foreach (int pageRows in new[] { 16, 32, 48 })
            {
                data.Add(rowBytes, pageRows, rowBytes == 64, false);
                data.Add(rowBytes, pageRows, rowBytes == 20, true);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rows_move_as_a_plain_loop_would_move_them(int rowBytes, int pageRows, bool scales, bool large)
    {
        const int Pages = 12;
        var random = new Random(rowBytes + pageRows);
        int scaleOffset = scales ? rowBytes * pageRows : 0;
        int pageBytes = ((pageRows * (rowBytes + 4)) + 63) / 64 * 64;
        using var memory = new ReservedMemory(Pages * pageBytes);
        var all = new Span<byte>(memory.Start, Pages * pageBytes);
        var compactor = new PageCompactor(memory.Start, pageBytes, pageRows, rowBytes, scaleOffset);
        foreach (double share in new[] { 0.02, 0.25, 0.5, 0.9, 1 })
        {
            foreach (int run in new[] { 1, 40 })
            {
                random.NextBytes(all);
                int[] pages = Enumerable.Range(0, Pages).OrderBy(_ => random.Next()).Take(9).ToArray();
                int[] kept = Kept(random, (9 * pageRows) - 3, share, run);
                byte[] expected = Expected(all.ToArray(), pages, kept, pageBytes, pageRows, rowBytes, scaleOffset);
                compactor.MoveRows(pages, kept, large);
                Assert.Equal(expected, all.ToArray());
            }
        }
    }

    private static int[] Kept(Random random, int rows, double share, int run)
    {
        bool keep = true;
        return Enumerable.Range(0, rows).Where(i => keep = i % run == 0 ? random.NextDouble() < share : keep).ToArray();
    }

    private static byte[] Expected(byte[] before, int[] pages, int[] kept, int pageBytes, int pageRows, int rowBytes, int scaleOffset)
    {
        byte[] after = [.. before];
        for (int i = 0; i < kept.Length; i++)
        {
            int from = pages[kept[i] / pageRows] * pageBytes;
            int to = pages[i / pageRows] * pageBytes;
            before.AsSpan(from + (kept[i] % pageRows * rowBytes), rowBytes).CopyTo(after.AsSpan(to + (i % pageRows * rowBytes)));
            if (scaleOffset > 0)
            {
                int source = from + scaleOffset + (kept[i] % pageRows * 4);
                before.AsSpan(source, 4).CopyTo(after.AsSpan(to + scaleOffset + (i % pageRows * 4)));
            }
        }

        return after;
    }
}
