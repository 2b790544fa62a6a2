using KVCluster.Inference.Tokenization;

namespace KVCluster.Inference.Tests.Tokenization;

public class BpeMergerTests
{
    [Fact]
    public void Short_and_long_pieces_merge_as_the_definition_says()
    {
        var random = new Random(35);
        for (int round = 0; round < 300; round++)
        {
            // Random merges over a small alphabet, each of tokens that exist by then.
            int tokens = 4;
            List<(int Left, int Right, int Id)> merges = [];
            for (int i = random.Next(1, 30); i > 0; i--)
            {
                (int left, int right) = (random.Next(tokens), random.Next(tokens));
                if (!merges.Any(m => m.Left == left && m.Right == right))
                {
                    merges.Add((left, right, tokens++));
                }
            }

            var table = new MergeTable(merges.Count);
            for (int rank = 0; rank < merges.Count; rank++)
            {
                table.Add(merges[rank].Left, merges[rank].Right, rank, merges[rank].Id);
            }

            int[] symbols = Enumerable.Range(0, random.Next(120)).Select(_ => random.Next(-1, 4)).ToArray();
            List<int> merged = [];
            new BpeMerger(table).Merge(symbols, merged);
            Assert.Equal(Plain(symbols, merges), merged);
        }
    }

    // The leftmost pair of the lowest rank, again and again.
    private static List<int> Plain(int[] symbols, List<(int Left, int Right, int Id)> merges)
    {
        List<int> list = [.. symbols];
        while (true)
        {
            var pairs = Enumerable.Range(0, Math.Max(0, list.Count - 1))
                .Select(i => (Rank: merges.FindIndex(m => m.Left == list[i] && m.Right == list[i + 1]), At: i))
                .Where(p => p.Rank >= 0)
                .ToList();
            if (pairs.Count == 0)
            {
                return list;
            }

            (int rank, int at) = pairs.Min();
            list[at] = merges[rank].Id;
            list.RemoveAt(at + 1);
        }
    }
}
