using KVCluster.Inference.Cpu.Attention;

namespace KVCluster.Inference.Tests.Cpu;

public sealed class SumColumnTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(53)]
    public void Thousands_of_small_additions_stay_close_to_the_exact_sum(int length)
    {
        var random = new Random(length);
        var sums = new SumColumn();
        var exact = new double[length + 3];
        for (int step = 0; step < 4000; step++)
        {
            float[] row = [.. Enumerable.Range(0, length).Select(i => MathF.Pow(random.NextSingle(), 8) / (i + 1))];
            sums.Grow(3 + length);
            sums.Add(3, row);
            for (int i = 0; i < length; i++)
            {
                exact[3 + i] += row[i];
            }
        }

        for (int i = 0; i < exact.Length; i++)
        {
            Assert.InRange(sums[i], exact[i] * (1 - 3e-4), exact[i] * (1 + 3e-4));
        }
    }

    [Fact]
    public void Numbers_too_small_to_show_at_once_add_up()
    {
        var sums = new SumColumn();
        sums.Grow(17);
        sums.Add(0, [.. Enumerable.Repeat(1f, 17)]);
        float[] small = [.. Enumerable.Repeat(1e-6f, 17)];
        for (int i = 0; i < 100_000; i++)
        {
            sums.Add(0, small);
        }

        Assert.InRange(sums[0], 1.095f, 1.105f);
        Assert.InRange(sums[16], 1.095f, 1.105f);
    }

    [Fact]
    public void Growing_keeps_what_is_there_and_a_slot_takes_three_bytes()
    {
        var sums = new SumColumn();
        sums.Grow(40);
        sums.Add(0, [.. Enumerable.Range(1, 40).Select(i => (float)i)]);
        Assert.Equal(3 * 64, sums.Bytes);
        sums.Grow(500);
        Assert.Equal(1500, sums.Bytes);
        Assert.Equal(Enumerable.Range(1, 40).Select(i => (float)i), Enumerable.Range(0, 40).Select(i => sums[i]));
        Assert.Equal(0, sums[40]);
    }

    [Fact]
    public void Sums_move_are_cleared_and_are_copied_apart()
    {
        var sums = new SumColumn();
        sums.Grow(4);
        sums.Add(0, [1, 2, 3, 4]);
        SumColumn copy = sums.Copy();
        sums.Move(3, 1);
        sums.Clear(2);
        Assert.Equal([1f, 4f, 0f, 0f], Enumerable.Range(0, 4).Select(i => sums[i]));
        Assert.Equal([1f, 2f, 3f, 4f], Enumerable.Range(0, 4).Select(i => copy[i]));
    }
}
