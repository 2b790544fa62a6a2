using System.Text;
using KVCluster.Evaluation.Tasks;
using KVCluster.Evaluation.Tasks.Needle;

namespace KVCluster.Evaluation.Tests.Tasks;

public sealed class TaskRandomTests
{
    [Fact]
    public void Numbers_lie_within_their_bounds_and_reach_them()
    {
        TaskRandom random = new("bounds");
        int[] drawn = [.. Enumerable.Range(0, 2000).Select(_ => random.Between(-2, 3))];
        Assert.Equal([-2, -1, 0, 1, 2, 3], drawn.Distinct().Order());
        Assert.All(drawn.CountBy(d => d), c => Assert.InRange(c.Value, 250, 420));
    }

    [Fact]
    public void A_shuffle_keeps_what_there_is()
    {
        TaskRandom random = new("shuffle");
        List<int> shuffled = random.Shuffled(Enumerable.Range(0, 100));
        Assert.NotEqual(Enumerable.Range(0, 100), shuffled);
        Assert.Equal(Enumerable.Range(0, 100), shuffled.Order());
    }

    // The check value of the CRC catalogue.
    [Fact]
    public void The_CRC_is_zlibs() => Assert.Equal(0xCBF43926, Crc32.Of("123456789"));

    [Fact]
    public void Sentences_are_hidden_at_their_depths()
    {
        string[] pieces = [.. "abcd".Select(c => c.ToString())];
        Assert.Equal("1a23bcd4", string.Concat(Hiding.At(pieces, ["1", "2", "3", "4"], [0, 0.2, 0.39, 0.99])));
    }

    [Fact]
    public void Frequent_words_follow_a_square_law() =>
        Assert.Equal([607, 151, 67, 37, 1], new[] { 1, 2, 3, 4, 900 }.Select(rank => FrequentWordsTask.Count(rank, 1000)));

    [Fact]
    public void Names_are_told_apart()
    {
        StringBuilder all = new();
        foreach (string name in new[] { "1/a/2", "1/a/3", "2/a/2" })
        {
            TaskRandom random = new(name);
            all.Append(random.Next(1_000_000_000)).Append(' ');
        }

        Assert.Equal(3, all.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct().Count());
    }
}
